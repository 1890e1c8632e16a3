#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/capture.hpp"
#include "core/stat_cache.hpp"
#include "objects/directory.hpp"

namespace metamori {

/// Collects the names of files that have several, by inode, and lets the names of a file share what was found under one of them: while the
/// file's stat stays the same only its first name is looked into. Thread-safe.
class LinkGroups {
 public:
  /// Where another name of the same file, with the same stat, has its entry from.
  struct Source {
    std::shared_ptr<const Captured> captured;  ///< it was captured
    std::string unchanged;                     ///< else the path of one that is as the cached listing has it
  };
  /// Adds `path` to the names of a file already looked into, if there is one with this stat.
  std::optional<Source> share(const FileStat& stat, const std::string& path);
  /// Adds `path`, as the cached listing has it. False if the file was captured under another name meanwhile: nothing is added, and it is to
  /// be captured under this one, too (which shares).
  bool add_unchanged(const FileStat& stat, const std::string& path);
  /// Adds `path`, for which `captured` was found. If another name with this stat came first, that one's source is returned and counts.
  std::optional<Source> add_captured(const Captured& captured, const std::string& path);
  /// Adds a name that was not walked to those of a file that was. False if no such file was.
  bool join(const FileStat& stat, const std::string& path);

  /// A file whose names may have different entries: it changed between looks at them, or names joined.
  struct Doubtful {
    std::vector<std::string> names;            ///< walked ones, at least one
    std::vector<std::string> joined;           ///< others
    std::shared_ptr<const Captured> captured;  ///< the best there is; none: all are as cached listings have them
  };
  [[nodiscard]] std::vector<Doubtful> doubtful() const;
  /// Groups of two names and more, names and groups sorted.
  [[nodiscard]] LinkTable table() const;

 private:
  using Inode = std::pair<std::uint64_t, std::uint64_t>;
  struct Group {
    std::vector<std::string> names, joined;
    std::shared_ptr<const Captured> captured;
    std::optional<std::pair<StatKey, std::size_t>> unchanged;  ///< stat of a name that is so, and which of `names`
    bool is_doubtful = false;
  };
  static std::optional<Source> source_in(const Group& group, const FileStat& stat);
  mutable std::mutex mutex_;
  std::map<Inode, Group> groups_;
};

}  // namespace metamori
