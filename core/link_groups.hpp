#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/system.hpp"
#include "objects/directory.hpp"

namespace metamori {

/// Collects the names of files that have several, by inode. Thread-safe.
class LinkGroups {
 public:
  void add(const FileStat& stat, const std::string& path);
  /// What was captured of this inode under another name, if its stat is still the same.
  std::optional<Entry> captured(const FileStat& stat);
  void note_captured(const FileStat& stat, const Entry& entry);
  /// Groups of two names and more, names and groups sorted.
  [[nodiscard]] LinkTable table() const;

 private:
  using Inode = std::pair<std::uint64_t, std::uint64_t>;
  mutable std::mutex mutex_;
  std::map<Inode, std::vector<std::string>> names_;
  std::map<Inode, std::pair<FileStat, Entry>> captured_;
};

}  // namespace metamori
