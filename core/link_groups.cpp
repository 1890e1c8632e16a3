#include "core/link_groups.hpp"

#include <algorithm>

namespace metamori {
namespace {

/// Whether other names may be given it: one that was torn under one name may come out clean under the next.
bool can_be_shared(const Captured& captured) noexcept { return captured.verdict <= Verdict::prefix; }

/// Whether `a` is worth more than an earlier `b`.
bool is_better(const Captured& a, const Captured& b) noexcept { return can_be_shared(a) || a.verdict <= b.verdict; }

}  // namespace

std::optional<LinkGroups::Source> LinkGroups::source_in(const Group& group, const FileStat& stat) {
  if (group.unchanged && group.unchanged->first == stat_key(stat)) return Source{nullptr, group.names[group.unchanged->second]};
  if (group.captured && can_be_shared(*group.captured) && group.captured->stat == stat) return Source{group.captured, {}};
  return std::nullopt;
}

std::optional<LinkGroups::Source> LinkGroups::share(const FileStat& stat, const std::string& path) {
  const std::lock_guard lock(mutex_);
  const auto found = groups_.find({stat.device, stat.inode});
  if (found == groups_.end()) return std::nullopt;
  auto source = source_in(found->second, stat);
  if (source) found->second.names.push_back(path);
  return source;
}

bool LinkGroups::add_unchanged(const FileStat& stat, const std::string& path) {
  const std::lock_guard lock(mutex_);
  Group& group = groups_[{stat.device, stat.inode}];
  const auto source = source_in(group, stat);
  if (source && source->captured) return false;
  if (!source && !group.names.empty()) group.is_doubtful = true;
  group.unchanged = {stat_key(stat), group.names.size()};
  group.names.push_back(path);
  return true;
}

std::optional<LinkGroups::Source> LinkGroups::add_captured(const Captured& captured, const std::string& path) {
  const std::lock_guard lock(mutex_);
  Group& group = groups_[{captured.stat.device, captured.stat.inode}];
  auto source = source_in(group, captured.stat);
  if (!source) {
    if (!group.names.empty()) group.is_doubtful = true;
    if (!group.captured || is_better(captured, *group.captured)) group.captured = std::make_shared<const Captured>(captured);
  }
  group.names.push_back(path);
  return source;
}

bool LinkGroups::join(const FileStat& stat, const std::string& path) {
  const std::lock_guard lock(mutex_);
  const auto found = groups_.find({stat.device, stat.inode});
  if (found == groups_.end()) return false;
  found->second.joined.push_back(path);
  return true;
}

std::vector<LinkGroups::Doubtful> LinkGroups::doubtful() const {
  const std::lock_guard lock(mutex_);
  std::vector<Doubtful> result;
  for (const auto& [inode, group] : groups_)
    if (group.is_doubtful || !group.joined.empty()) result.push_back({group.names, group.joined, group.captured});
  return result;
}

LinkTable LinkGroups::table() const {
  const std::lock_guard lock(mutex_);
  LinkTable table;
  for (const auto& [inode, group] : groups_) {
    if (group.names.size() + group.joined.size() < 2) continue;
    table.push_back(group.names);
    table.back().insert(table.back().end(), group.joined.begin(), group.joined.end());
    std::sort(table.back().begin(), table.back().end());
  }
  std::sort(table.begin(), table.end());
  return table;
}

}  // namespace metamori
