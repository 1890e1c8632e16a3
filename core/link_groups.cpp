#include "core/link_groups.hpp"

#include <algorithm>

namespace metamori {

void LinkGroups::add(const FileStat& stat, const std::string& path) {
  const std::lock_guard lock(mutex_);
  names_[{stat.device, stat.inode}].push_back(path);
}

std::optional<Entry> LinkGroups::captured(const FileStat& stat) {
  const std::lock_guard lock(mutex_);
  const auto found = captured_.find({stat.device, stat.inode});
  if (found == captured_.end() || !(found->second.first == stat)) return std::nullopt;
  return found->second.second;
}

void LinkGroups::note_captured(const FileStat& stat, const Entry& entry) {
  const std::lock_guard lock(mutex_);
  captured_.insert_or_assign(Inode{stat.device, stat.inode}, std::pair{stat, entry});
}

LinkTable LinkGroups::table() const {
  const std::lock_guard lock(mutex_);
  LinkTable table;
  for (const auto& [inode, names] : names_) {
    if (names.size() < 2) continue;
    table.push_back(names);
    std::sort(table.back().begin(), table.back().end());
  }
  std::sort(table.begin(), table.end());
  return table;
}

}  // namespace metamori
