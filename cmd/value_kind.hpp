#pragma once

// What the values of options and arguments are. The word by which help calls a value says it, so that each is declared once.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace metamori::cmd {

enum class ValueKind {
  text,           ///< anything
  number,         ///< decimal
  size,           ///< `64K`
  duration,       ///< `5m`
  percent,        ///< `5%`
  moment,         ///< `2 hours ago`
  choice,         ///< one of the words in the placeholder
  revision,       ///< `HEAD~2`
  range,          ///< a revision, or `A..B`
  revision_path,  ///< `REV` or `REV:path`
  revision_file,  ///< `REV:path`
  tracked_path,   ///< a path of the tree: on disk, or in a checkpoint
  directory,      ///< on disk
  file,           ///< on disk
  tag,            ///< a name given to a checkpoint
  metadata,       ///< `K=V`
  pattern,        ///< in the syntax of gitignore
  command,        ///< of ours
  setting,        ///< a key of metamori-config(1)
  setting_value,  ///< the value of the key before
  assignment,     ///< `KEY=VALUE`
  program,        ///< another program, and its arguments
};

/// The kind that `placeholder` stands for (`REV`, `auto|never`); nothing for a word that is in no list, which the tests refuse.
std::optional<ValueKind> find_value_kind(std::string_view placeholder) noexcept;

/// The words of a choice: `auto`, `none` and `plain` of `auto|none|plain[=SECS]`.
std::vector<std::string> choices_of(std::string_view placeholder);

}  // namespace metamori::cmd
