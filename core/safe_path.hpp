#pragma once

// Directories below one top, reached by descriptors alone: every component is opened without following a symbolic link, so that nothing
// outside the top is ever read or written, whatever the tree holds and however long its paths are.

#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/files.hpp"
#include "core/paths.hpp"

namespace metamori {

/// `a/b` of `a/b/c`; empty for a name at the top.
std::string_view directory_of(std::string_view path) noexcept;
/// `c` of `a/b/c`.
std::string_view name_of(std::string_view path) noexcept;
/// `dir/name`, or `name` where `dir` is the top.
std::string join_path(std::string_view dir, std::string_view name);

/// An open directory, shared between those who work in it.
using Directory = std::shared_ptr<const Fd>;

/// Thread-safe; keeps a bounded number of directories open.
class TreeDirectories {
 public:
  /// `top` is a descriptor of the top, duplicated here; `top_path` is for messages.
  TreeDirectories(System& system, int top, std::string top_path);
  /// The directory at `path` (components joined by `/`; empty: the top). Null if there is nothing, or no directory, or a symbolic link on
  /// the way. Throws io.
  Directory find(std::string_view path);
  /// As find, but throws io when it is not there.
  Directory get(std::string_view path);
  /// What is at `path` itself, links not followed; nothing if it or a directory above is not there.
  std::optional<FileStat> stat(std::string_view path);
  /// Closes what is kept of `path` and below; call it when a directory was replaced, moved or removed.
  void forget(std::string_view path);
  /// `path` as messages show it.
  [[nodiscard]] std::string shown(std::string_view path) const;
  [[nodiscard]] System& system() const noexcept { return system_; }

 private:
  struct Kept {
    Directory directory;
    std::list<std::string>::iterator use;
  };
  Directory find_kept(std::string_view path);
  void keep(std::string_view path, const Directory& directory);
  Directory open_from(Directory from, std::string_view rest, std::string_view path);

  System& system_;
  Directory top_;
  std::string top_path_;
  std::mutex mutex_;
  std::list<std::string> uses_;  ///< most recent first
  std::unordered_map<std::string, Kept> kept_;
};

}  // namespace metamori
