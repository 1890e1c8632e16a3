#include "cmd/revision_path.hpp"

#include <sys/stat.h>

namespace metamori::cmd {
namespace {

/// First occurrence of `what` outside `@{…}` and `^{…}`.
std::size_t find_outside_braces(std::string_view text, std::string_view what) {
  bool in_braces = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '{') in_braces = true;
    if (!in_braces && text.substr(i).starts_with(what)) return i;
    if (text[i] == '}') in_braces = false;
  }
  return std::string_view::npos;
}

}  // namespace

RevisionPath split_revision_path(std::string_view text) {
  if (text.starts_with(":/")) return {std::string(text), std::nullopt};
  const std::size_t colon = find_outside_braces(text, ":");
  if (text.empty())
    throw Error(ErrorKind::bad_revision, "an empty word names no checkpoint", "HEAD is the newest; metamori-revisions(7) has the rest");
  if (colon == 0) throw Error(ErrorKind::usage, "missing revision before ':'", "write HEAD:path");
  if (colon == std::string_view::npos) return {std::string(text), std::nullopt};
  return {std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
}

void rethrow_for_revisions(const Error& error, std::initializer_list<std::optional<std::string>> words) {
  for (const auto& word : words) {
    struct stat status {};
    if (error.kind() == ErrorKind::bad_revision && word && ::lstat(word->c_str(), &status) == 0)
      throw Error(error.kind(), error.what(), "'" + *word + "' is a path: write it after '--'", error.path());
  }
  throw error;
}

std::optional<std::pair<std::string, std::string>> split_range(std::string_view text) {
  if (text.starts_with(":/")) return std::nullopt;
  const std::size_t dots = find_outside_braces(text, "..");
  if (dots == std::string_view::npos) return std::nullopt;
  const std::string_view after = text.substr(dots + 2);
  if (after.starts_with('.')) throw Error(ErrorKind::usage, "ranges are written A..B, with two dots");
  const auto end = [](std::string_view part) { return part.empty() ? std::string("HEAD") : std::string(part); };
  return std::pair(end(text.substr(0, dots)), end(after));
}

}  // namespace metamori::cmd
