#pragma once

// Where a repository and its tree are.

#include <string>

#include "base/files.hpp"
#include "metamori/repository.hpp"

namespace metamori {

struct Location {
  Fd repository;
  std::string repository_directory;  ///< absolute
  Fd tree;                           ///< not open where a repository that lies elsewhere was asked for by name and its tree is gone
  std::string tree_directory;        ///< absolute
};

/// Throws no_repository; refused where it can't be entered; corrupt for a damaged pointer.
Location locate_repository(System& system, const OpenOptions& options);

/// The absolute path of the open directory `fd`, which was opened as `given`.
std::string absolute_path(System& system, int fd, std::string_view given);
/// `.`, `..` and repeated slashes taken out of an absolute path, lexically.
std::string normalized_path(std::string_view absolute);
/// The path of `name` in `directory`.
std::string joined_path(std::string_view directory, std::string_view name);
/// The directory above an absolute path; `/` of `/`.
std::string parent_path(std::string_view absolute);

/// What stands at `directory`/`name`: nothing, or its text. For small files of a repository; throws corrupt if it is too long.
std::optional<std::string> find_text(System& system, int dir, const char* name, std::string_view path);

}  // namespace metamori
