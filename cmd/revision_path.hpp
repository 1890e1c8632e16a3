#pragma once

// How revisions and paths are written together on the command line.

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "metamori/error.hpp"

namespace metamori::cmd {

/// `REV:path`, or `REV` alone.
struct RevisionPath {
  std::string revision;
  std::optional<std::string> path;
};
/// Splits at the first colon that is not inside braces. `:/text` is a revision as a whole. Throws usage if the revision is empty.
RevisionPath split_revision_path(std::string_view text);

/// Throws `error` again, with a hint where one of these words, taken for revisions, is a file: the commonest slip.
[[noreturn]] void rethrow_for_revisions(const Error& error, std::initializer_list<std::optional<std::string>> words);

/// `A..B` as its two ends; a missing end is HEAD. Nothing if `text` is no range. Throws usage for `A...B`.
std::optional<std::pair<std::string, std::string>> split_range(std::string_view text);

}  // namespace metamori::cmd
