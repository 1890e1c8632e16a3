#pragma once

// How a command says what it takes, and the parser that fills it in. Commands see this interface alone; CLI11 stays in options.cpp.

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace metamori::cmd {

enum class OptionValue {
  none,      ///< a flag
  required,  ///< `--name VALUE`, `--name=VALUE`
  optional,  ///< `--name`, `--name=VALUE`; never takes the next word
};

struct OptionSpec {
  std::string names;        ///< `-n,--max`
  std::string placeholder;  ///< what the value is called in help, and what it is: find_value_kind()
  OptionValue value = OptionValue::none;
  std::string description;
  /// Called for each occurrence, in order; with an empty text for a flag or a missing optional value.
  std::function<void(const std::string&)> set;
  bool is_repeatable = false;     ///< several add up; else the last counts
  mutable bool is_given = false;  ///< on the command line; set by the parser

  /// The names one by one, short ones first.
  [[nodiscard]] std::vector<std::string> name_list() const;
};

struct PositionalSpec {
  std::string name;  ///< as an option's placeholder
  std::string description;
  bool is_required = false;
  bool is_repeated = false;
  std::function<void(const std::string&)> set;
};

/// The options and positionals of one command, in the order help shows them. Targets must outlive parsing. All parse errors are Error
/// (usage).
class Options {
 public:
  void flag(std::string names, bool& target, std::string description);
  void text(std::string names, std::string placeholder, std::string& target, std::string description);
  void text(std::string names, std::string placeholder, std::optional<std::string>& target, std::string description);
  /// May be given several times.
  void texts(std::string names, std::string placeholder, std::vector<std::string>& target, std::string description);
  void number(std::string names, std::string placeholder, std::uint64_t& target, std::string description);
  void number(std::string names, std::string placeholder, std::uint32_t& target, std::string description);
  /// A duration such as `90s`, in milliseconds.
  void duration(std::string names, std::optional<std::int64_t>& target_ms, std::string description);
  void size(std::string names, std::optional<std::uint64_t>& target_bytes, std::string description);
  /// One of some words.
  template <class T>
  void choice(std::string names, T& target, std::initializer_list<std::pair<const char*, T>> values, std::string description) {
    std::vector<std::pair<std::string, T>> table(values.begin(), values.end());
    std::string placeholder;
    for (const auto& [word, value] : table) placeholder += (placeholder.empty() ? "" : "|") + word;
    std::string first_names = names;
    add({std::move(names), placeholder, OptionValue::required, std::move(description),
         [&target, table = std::move(table), placeholder, first_names = std::move(first_names)](const std::string& word) {
           for (const auto& [name, value] : table) {
             if (name == word) {
               target = value;
               return;
             }
           }
           throw_bad_value(first_names, word, placeholder);
         }});
  }
  void add(OptionSpec option) { options_.push_back(std::move(option)); }

  void required(std::string name, std::string& target, std::string description);
  void optional(std::string name, std::optional<std::string>& target, std::string description);
  void rest(std::string name, std::vector<std::string>& target, std::string description, bool is_required = false);
  /// Words after `--` go here, instead of being further positionals.
  void after_dashes(std::string name, std::vector<std::string>& target, std::string description);

  [[nodiscard]] const std::vector<OptionSpec>& options() const noexcept { return options_; }
  [[nodiscard]] const std::vector<PositionalSpec>& positionals() const noexcept { return positionals_; }
  [[nodiscard]] const std::optional<PositionalSpec>& dashes() const noexcept { return after_dashes_; }

  /// Throws the usage error for a value that an option doesn't take.
  [[noreturn]] static void throw_bad_value(std::string_view names, std::string_view value, std::string_view expected);

 private:
  std::vector<OptionSpec> options_;
  std::vector<PositionalSpec> positionals_;
  std::optional<PositionalSpec> after_dashes_;
};

/// Parses the words of a command. Options may stand anywhere before `--`. `own` are the command's, `common` what every command takes. Where
/// only help was asked for, nothing is demanded: `is_help()` is asked once the options are in.
void parse_command(const Options& own, const Options& common, const std::vector<std::string>& words, const std::function<bool()>& is_help);

/// Parses the common options before a command's name; returns what follows, the name first.
std::vector<std::string> parse_leading(const Options& common, const std::vector<std::string>& words);

}  // namespace metamori::cmd
