// Which files are written in place, and what hard links ask for.

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "core/restore_drafter.hpp"

namespace metamori {
namespace {

constexpr std::uint64_t kMinRewriteBytes = 1ULL << 20;
constexpr std::size_t kProbeBytes = 4096;

}  // namespace

bool Drafter::should_rewrite(const std::string& path, const Entry& before, const Entry& after, const FileStat& stat, std::uint64_t& bytes) {
  if (!goal_.keep_inode && after.content.length < kMinRewriteBytes) return false;
  for_each_difference(source_, before.content, after.content, [&](Range range) { bytes += range.length; });
  if (!goal_.keep_inode && bytes > after.content.length / 2) return false;
  // A clone is as cheap, and leaves the old file whole until the rename.
  if (!goal_.keep_inode && has_reflinks(stat)) return false;
  const Directory dir = directories_.find(directory_of(path));
  if (!dir) return false;
  // A running program can't be written to.
  const int fd = retry_interrupted(
      [&] { return engine_.system.open_at(dir->get(), std::string(name_of(path)).c_str(), O_WRONLY | O_NOFOLLOW | O_NONBLOCK, 0); });
  if (fd < 0) return fd == -EACCES;
  Fd(engine_.system, fd).close(path);
  return true;
}

bool Drafter::has_reflinks(const FileStat& stat) {
  if (!has_reflinks_) {
    has_reflinks_ = false;
    if (engine_.dirs.tmp.is_open() && stat_of(engine_.system, engine_.dirs.tmp.get(), "tmp").device == stat.device)
      has_reflinks_ = probe_reflinks();
  }
  return *has_reflinks_;
}

bool Drafter::probe_reflinks() {
  System& system = engine_.system;
  const int tmp = engine_.dirs.tmp.get();
  const std::array<std::string, 2> names = {unique_name(system, "probe-"), unique_name(system, "probe-")};
  bool works = false;
  try {
    constexpr int kFlags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW;
    const Fd from = open_file(system, tmp, names[0].c_str(), kFlags, 0600, names[0]);
    write_all(system, from.get(), Bytes(kProbeBytes, std::byte{1}), 0, names[0]);
    const Fd to = open_file(system, tmp, names[1].c_str(), kFlags, 0600, names[1]);
    works = system.clone_from(to.get(), from.get()) >= 0;
  } catch (const Error&) {
    works = false;  // only a question of speed; what really fails will fail again
  }
  for (const std::string& name : names) system.remove_file(tmp, name.c_str());
  return works;
}

void Drafter::settle_links() {
  const LinkTable now = get_links(source_, scan_.root_node);
  const LinkTable wanted = get_links(source_, target_);
  const std::set<std::vector<std::string>> groups_now(now.begin(), now.end());
  const std::set<std::vector<std::string>> groups_wanted(wanted.begin(), wanted.end());
  for (const auto& group : wanted) {
    in_target_group_.insert(group.begin(), group.end());
    settle_target_group(group, groups_now.contains(group));
  }
  for (const auto& group : now)
    if (!groups_wanted.contains(group)) settle_current_group(group);
  // Further names of a file that were not captured: outside the tree, or untracked.
  for (auto& [path, item] : items_) {
    const bool in_place = item.kind == StepKind::rewrite || item.kind == StepKind::metadata;
    if (in_place && !goal_.keep_inode && item.stat->link_count > 1 && !in_target_group_.contains(path)) stage_member(path);
  }
}

void Drafter::settle_target_group(const std::vector<std::string>& group, bool is_same_now) {
  std::vector<std::string> members;
  for (const std::string& path : group)
    if (covers(path) && !is_unread(path)) members.push_back(path);
  if (members.empty()) return;
  if (goal_.overwrite == Overwrite::never &&
      !std::all_of(members.begin(), members.end(), [&](const auto& path) { return items_.contains(path); }))
    return;
  if (!is_same_now) {
    for (const std::string& path : members) stage_member(path);
    return;
  }
  const auto first = items_.find(members.front());
  if (first == items_.end()) return;  // equal entries: either all differ, or none does
  const bool in_place = first->second.kind == StepKind::rewrite || first->second.kind == StepKind::metadata;
  const bool is_whole = members.size() == group.size() && first->second.stat && first->second.stat->link_count == group.size();
  if (!in_place || (!is_whole && !goal_.keep_inode)) {
    for (const std::string& path : members) stage_member(path);
    return;
  }
  // One inode: writing it under its first name is enough. It changes under the others, too, also under those not asked for.
  for (const std::string& path : group) {
    if (path == members.front()) continue;
    items_.erase(path);
    draft_.further_names.emplace(path, members.front());
  }
}

/// These are one file now but are not to be: each that the checkpoint holds becomes a file of its own.
void Drafter::settle_current_group(const std::vector<std::string>& group) {
  for (const std::string& path : group)
    if (covers(path) && !is_unread(path) && !in_target_group_.contains(path)) stage_member(path);
}

void Drafter::stage_member(const std::string& path) {
  if (const auto item = items_.find(path); item != items_.end()) {
    if (item->second.kind != StepKind::rewrite && item->second.kind != StepKind::metadata) return;
    item->second.kind = StepKind::put;
    if (const auto entry = find_path(source_, target_, path)) item->second.bytes = entry->content.length;
    return;
  }
  const auto entry = find_path(source_, target_, path);
  if (!entry || entry->type != EntryType::file || entry->content_unknown) return;
  const auto stat = directories_.stat(path);
  if (stat && !has_type(*stat, EntryType::file)) return;
  if (goal_.overwrite != Overwrite::never || !stat) add_put(path, *entry, find_path(source_, scan_.root_node, path).has_value(), stat);
}

}  // namespace metamori
