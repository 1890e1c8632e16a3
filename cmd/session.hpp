#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "cmd/common_options.hpp"
#include "cmd/environment.hpp"
#include "cmd/output.hpp"
#include "metamori/repository.hpp"

namespace metamori::cmd {

class Settings;

/// What a command runs in: the common options, where its words go, and how they look there.
struct Session {
  const CommonOptions& common;
  const Environment& environment;
  Output& out;
  Output& err;
  bool out_has_color = false;
  bool err_is_terminal = false;
  std::size_t out_columns = 0;         ///< width of the terminal that standard output is; 0: it is none
  const Settings* settings = nullptr;  ///< in force; null where there are none

  [[nodiscard]] bool json() const noexcept { return common.json || common.json_lines; }
  /// Opens the repository that is meant, and mentions an interrupted restore, unless told that the caller deals with it.
  [[nodiscard]] Repository open(bool mentions_pending = true);
  /// Warns of records that had to be passed over; returns the exit code that tells of them.
  int tell_damaged(const std::vector<std::uint64_t>& numbers);
  /// Which repository that is.
  [[nodiscard]] OpenOptions open_options() const;

  /// Something good to know; not with -q, and not where JSON tells it.
  void note(std::string_view text);
  /// Something that is not as it should be.
  void warn(std::string_view text);

  /// A path, or any text taken literally, as a word of a shell.
  [[nodiscard]] std::string quote(std::string_view bytes) const;
  /// Text written by a person, safe to show; newlines stay.
  [[nodiscard]] std::string safe_text(std::string_view text) const;
  [[nodiscard]] std::string size(std::uint64_t bytes) const;
  /// `text` in the colour of an SGR code such as `32`, where colours are used.
  [[nodiscard]] std::string colored(std::string_view sgr, std::string_view text) const;
};

/// Paths on the command line as paths in the tree. Where the top is among them there is no limit: the result is empty.
std::vector<std::string> tree_paths(const Repository& repository, const std::vector<std::string>& words);
/// Path part of `REV:path`: relative to the tree's top, unless it starts with `./`, `../` or `/`.
std::string revision_tree_path(const Repository& repository, const std::string& path);
/// Directory the process works in.
std::string current_directory();

}  // namespace metamori::cmd
