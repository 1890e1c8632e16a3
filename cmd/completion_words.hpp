#pragma once

// Where in a command line the cursor is.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cmd/commands.hpp"
#include "cmd/common_options.hpp"
#include "cmd/options.hpp"

namespace metamori::cmd {

/// Reads the words before the one being written as far as they make sense. Not movable: the options' targets are its members.
class WordsBefore {
 public:
  /// All of `words` but the last.
  explicit WordsBefore(const std::vector<std::string>& words);
  WordsBefore(const WordsBefore&) = delete;
  WordsBefore& operator=(const WordsBefore&) = delete;

  [[nodiscard]] const CommandRow* row() const noexcept { return row_; }
  [[nodiscard]] const CommonOptions& common() const noexcept { return common_; }
  [[nodiscard]] const Options& common_options() const noexcept { return common_options_; }
  [[nodiscard]] const Options& own_options() const noexcept { return own_options_; }
  /// The option whose value the next word is.
  [[nodiscard]] const OptionSpec* pending() const noexcept { return pending_; }
  [[nodiscard]] bool is_after_dashes() const noexcept { return is_after_dashes_; }
  [[nodiscard]] const std::vector<std::string>& positionals() const noexcept { return positionals_; }
  [[nodiscard]] bool has(const OptionSpec& spec) const noexcept;
  [[nodiscard]] const OptionSpec* find(std::string_view name) const noexcept;
  /// What the next word is if it is no option: null if nothing can stand there.
  [[nodiscard]] const PositionalSpec* next_positional() const noexcept;

 private:
  void take(const std::string& word);
  void take_option(const std::string& word);
  void set(const OptionSpec& spec, const std::string& value);

  CommonOptions common_;
  Options common_options_;
  const CommandRow* row_ = nullptr;
  std::unique_ptr<Command> command_;
  Options own_options_;
  const OptionSpec* pending_ = nullptr;
  bool is_unknown_command_ = false;
  bool is_after_dashes_ = false;
  std::vector<std::string> positionals_;
  std::vector<const OptionSpec*> given_;
};

}  // namespace metamori::cmd
