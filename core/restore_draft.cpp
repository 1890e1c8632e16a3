#include "core/restore_draft.hpp"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>

#include "core/entry_changes.hpp"
#include "core/restore_drafter.hpp"
#include "core/tree_diff.hpp"

namespace metamori {
namespace {

constexpr std::uint32_t kPrivilegeBits = S_ISUID | S_ISGID;

bool is_below(const std::optional<std::string>& top, std::string_view path) noexcept { return top && is_at_or_below(path, *top); }

bool is_device(EntryType type) noexcept { return type == EntryType::char_device || type == EntryType::block_device; }

std::vector<Attribute> ordinary(std::vector<Attribute> attributes) {
  std::erase_if(attributes, [](const Attribute& a) { return a.name.starts_with("security.") || a.name.starts_with("trusted."); });
  return attributes;
}

}  // namespace

bool differs(const Entry& before, const Entry& after, const NodePolicy& policy) {
  if (!has_same_content(before, after) || before.mtime != after.mtime) return true;
  const std::uint32_t ignored = policy.same_owner || after.type == EntryType::directory ? 0 : kPrivilegeBits;
  if (after.type != EntryType::symlink && (before.mode & ~ignored) != (after.mode & ~ignored)) return true;
  if (policy.same_owner && (before.owner.uid != after.owner.uid || before.owner.gid != after.owner.gid)) return true;
  if (before.attribute_stream != after.attribute_stream) return true;
  return policy.privileged_attributes ? before.attributes != after.attributes : ordinary(before.attributes) != ordinary(after.attributes);
}

Drafter::Drafter(Engine& engine, TreeDirectories& directories, ChunkSource& source, const ScanResult& scan, const RestoreGoal& goal)
    : engine_(engine),
      directories_(directories),
      source_(source),
      scan_(scan),
      goal_(goal),
      target_(get_root(source, goal.root)),
      target_rules_(goal.rules) {
  // Of a prefix too: what was appended meanwhile was not captured.
  constexpr std::array kNotWhole = {Verdict::prefix, Verdict::torn, Verdict::kept, Verdict::unreadable};
  for (const PathVerdict& verdict : scan.verdicts)
    if (std::find(kNotWhole.begin(), kNotWhole.end(), verdict.verdict) != kNotWhole.end()) uncaptured_.insert(verdict.path);
  for (const std::string& path : uncaptured_)
    if (const auto entry = find_path(source_, scan_.root_node, path); entry && entry->type == EntryType::directory)
      unread_directories_.insert(path);
}

Draft Drafter::make() {
  draft_.plan.policy = goal_.policy;
  diff_trees(source_, get_root(source_, scan_.root), target_,
             [&](const std::string& path, const Entry* before, const Entry* after) { visit(path, before, after); });
  if (goal_.exact) add_absent_before();
  keep_full_directories();
  settle_links();
  warn_of_unread();
  assemble();
  list_touched();
  list_actions();
  return std::move(draft_);
}

/// Whether what stands at `path` is not known, as a directory could not be read.
bool Drafter::is_unread(std::string_view path) const {
  if (unread_directories_.empty()) return false;
  for (; !path.empty(); path = directory_of(path))
    if (unread_directories_.contains(path)) return true;
  return false;
}

bool Drafter::holds_unread(std::string_view path) const {
  return std::any_of(unread_directories_.begin(), unread_directories_.end(),
                     [&](const auto& below) { return is_at_or_below(below, path); });
}

/// All that the restore would have had to look into and does not replace.
void Drafter::warn_of_unread() {
  for (const PathVerdict& verdict : scan_.verdicts) {
    const std::string& path = verdict.path;
    if (verdict.verdict != Verdict::unreadable || is_unread(path) || !covers(path)) continue;
    if (!items_.contains(path) && !draft_.further_names.contains(path) && find_path(source_, target_, path))
      warn(path, "left as it is: it can't be read");
  }
  for (const std::string& path : unread_directories_)
    if ((covers(path) || is_above_scope(path)) && (goal_.remove_extra || goal_.exact || find_path(source_, target_, path)))
      warn(path, "left as it is, with all below it: it can't be read");
}

bool Drafter::covers(std::string_view path) const {
  if (path.empty() && goal_.whole) return true;
  if (goal_.exact) return goal_.exact->contains(std::string(path));
  if (path.empty()) return false;
  return is_in_scope(path, goal_.scope);
}

bool Drafter::is_above_scope(std::string_view path) const {
  const auto is_above = [&](const std::string& below) { return below != path && is_at_or_below(below, path); };
  if (goal_.exact) {
    const auto next = goal_.exact->upper_bound(std::string(path) + '/');
    return next != goal_.exact->end() && is_above(next->first);
  }
  return std::any_of(goal_.scope.begin(), goal_.scope.end(), is_above);
}

void Drafter::visit(const std::string& path, const Entry* before, const Entry* after) {
  if (is_below(protected_, path) || is_unread(path)) return;
  if (is_below(swapped_, path) && before != nullptr && after == nullptr) {
    add_remove(path, before->type, true, directories_.stat(path));
    return;
  }
  if (!covers(path)) {
    if (after != nullptr && after->type == EntryType::directory && is_above_scope(path)) visit_above_scope(path, before, *after);
    return;
  }
  if (after == nullptr) {
    visit_extra(path, *before);
    return;
  }
  if (after->content_unknown) {
    if (after->type == EntryType::directory) protected_ = path;
    warn(path, "left as it is: its content is not in the checkpoint, as it could not be read then");
    return;
  }
  if (is_device(after->type) && !goal_.policy.special) {
    if (before == nullptr || differs(*before, *after, goal_.policy))
      warn(path, "device nodes are brought back only when asked for (--special)");
    return;
  }
  if (before == nullptr)
    visit_new(path, *after);
  else
    visit_both(path, *before, *after);
}

void Drafter::visit_above_scope(const std::string& path, const Entry* before, const Entry& after) {
  if (path.empty() || (before != nullptr && before->type == EntryType::directory)) return;
  if (before == nullptr && is_below(fresh_, path)) {
    add_put(path, after, false, std::nullopt);
    return;
  }
  const auto stat = directories_.stat(path);
  if (stat && has_type(*stat, EntryType::directory)) return;
  if (stat)
    throw Error(ErrorKind::refused, "restore: " + quoted(path) + " is no directory, so that nothing can be restored below it",
                "restore it too", path);
  add_put(path, after, false, std::nullopt);
  fresh_ = path;
}

void Drafter::visit_new(const std::string& path, const Entry& after) {
  if (is_below(fresh_, path)) {
    add_put(path, after, false, std::nullopt);
    return;
  }
  const auto stat = directories_.stat(path);
  if (stat && goal_.overwrite == Overwrite::never) return;
  if (stat && has_type(*stat, EntryType::directory) && after.type == EntryType::directory) {
    add_directory_metadata(path, false);
    return;
  }
  if (stat) refuse_unsavable(path, *stat);
  add_put(path, after, false, stat);
  if (stat && has_type(*stat, EntryType::directory)) clear_way(path);
  if (after.type == EntryType::directory) fresh_ = path;
}

void Drafter::visit_both(const std::string& path, const Entry& before, const Entry& after) {
  if (!differs(before, after, goal_.policy)) return;
  if (goal_.overwrite == Overwrite::never && !(before.type == EntryType::directory && after.type == EntryType::directory)) {
    if (before.type != after.type) protected_ = path;
    return;
  }
  if (before.type == EntryType::directory && after.type != EntryType::directory && holds_unread(path)) {
    protected_ = path;
    warn(path, "left as it is, with all below it: not all of that can be read");
    return;
  }
  if (before.type == EntryType::directory && after.type == EntryType::directory) {
    if (goal_.overwrite != Overwrite::never) add_directory_metadata(path, true);
    return;
  }
  if (before.type == EntryType::file && after.type == EntryType::file) {
    visit_file(path, before, after);
    return;
  }
  add_put(path, after, true, directories_.stat(path));
  if (before.type == EntryType::directory) {
    swapped_ = path;
    clear_way(path);
  }
  if (after.type == EntryType::directory) fresh_ = path;
}

void Drafter::visit_file(const std::string& path, const Entry& before, const Entry& after) {
  const auto stat = directories_.stat(path);
  add_put(path, after, true, stat);
  if (!stat || !has_type(*stat, EntryType::file) || before.content_unknown || is_uncaptured(path)) return;
  DraftItem& item = items_.at(path);
  if (before.content == after.content) {
    item.kind = StepKind::metadata;
    item.bytes = 0;
  } else if (std::uint64_t bytes = 0; should_rewrite(path, before, after, *stat, bytes)) {
    item.kind = StepKind::rewrite;
    item.bytes = bytes;
  }
}

void Drafter::visit_extra(const std::string& path, const Entry& before) {
  if (may_remove(path, before)) {
    add_remove(path, before.type, true, directories_.stat(path));
    return;
  }
  if (before.type != EntryType::directory) ++draft_.left_alone;
}

bool Drafter::may_remove(const std::string& path, const Entry& before) {
  if (goal_.exact) return !goal_.exact->at(path);
  if (!goal_.remove_extra) return false;
  if (before.content_unknown || is_uncaptured(path)) {
    protected_ = path;
    warn(path, "not removed: it could not be read, so that it is not in the safety checkpoint");
    return false;
  }
  // That the rules in force now select it is why it was captured. Those of the checkpoint must, too; its ignore files are in its tree.
  bool is_known = true;
  const auto ignore_text = [&](std::string_view directory) -> std::optional<std::string> {
    const auto entry = find_path(source_, target_, join_path(directory, kIgnoreFileName));
    if (!entry || entry->type != EntryType::file) return std::nullopt;
    if (entry->content_unknown || entry->content.length > kMaxIgnoreBytes) {
      is_known = false;
      return std::nullopt;
    }
    std::string text(static_cast<std::size_t>(entry->content.length), '\0');
    read_content(source_, entry->content, 0, std::as_writable_bytes(std::span(text)));
    return text;
  };
  const bool is_directory = before.type == EntryType::directory;
  const Tracking tracking = target_rules_.decide(path, is_directory, ignore_text);
  if (!is_known) {
    protected_ = path;
    warn(path, "not removed: the ignore file above it is not in the checkpoint, as it could not be read then");
    return false;
  }
  return tracking == Tracking::tracked || (is_directory && tracking == Tracking::enter_only);
}

void Drafter::add_put(const std::string& path, const Entry& after, bool is_tracked, std::optional<FileStat> stat) {
  DraftItem item;
  item.type = after.type;
  item.is_tracked = is_tracked;
  item.stat = stat;
  if (after.type == EntryType::file) item.bytes = after.content.length;
  if (after.type == EntryType::directory) item.entries_below = after.entries_below;
  if (stat && is_uncaptured(path)) draft_.uncaptured.push_back(path);
  items_.insert_or_assign(path, std::move(item));
}

void Drafter::add_remove(const std::string& path, EntryType type, bool is_tracked, std::optional<FileStat> stat) {
  if (!stat) return;  // gone since it was captured
  DraftItem item;
  item.kind = StepKind::remove;
  item.type = type;
  item.is_tracked = is_tracked;
  item.stat = stat;
  if (is_uncaptured(path)) draft_.uncaptured.push_back(path);
  items_.insert_or_assign(path, std::move(item));
}

void Drafter::add_directory_metadata(const std::string& path, bool is_tracked) {
  changed_directories_.insert_or_assign(path, true);
  if (is_tracked && !path.empty()) settled_directories_.insert(path);
}

void Drafter::refuse_unsavable(const std::string& path, const FileStat& stat) {
  if (S_ISSOCK(stat.mode) && !goal_.force)
    throw Error(ErrorKind::refused, "restore: a socket is in the way at " + quoted(path), "stop what uses it and remove it, or use --force",
                path);
}

/// The directory at `path` makes room for something else: what is in it and was not captured has to go as well.
void Drafter::clear_way(const std::string& path) {
  std::vector<std::string> pending{path};
  while (!pending.empty()) {
    const std::string dir_path = std::move(pending.back());
    pending.pop_back();
    const Directory dir = directories_.get(dir_path);
    for (const DirectoryName& name : list_directory(engine_.system, dir->get(), directories_.shown(dir_path))) {
      const std::string child = join_path(dir_path, name.name);
      if (name.name == kRepositoryName)
        throw Error(ErrorKind::refused, "restore: the repository " + quoted(child) + " is in the way", "move it away first", child);
      const auto stat = directories_.stat(child);
      if (!stat) continue;
      if (has_type(*stat, EntryType::directory)) pending.push_back(child);
      if (find_path(source_, scan_.root_node, child)) continue;  // its turn comes
      refuse_unsavable(child, *stat);
      add_remove(child, type_of_mode(stat->mode).value_or(EntryType::file), false, stat);
      if (name.name.starts_with(kStagePrefix) || S_ISSOCK(stat->mode)) items_.at(child).is_litter = true;
    }
  }
}

/// What an undone restore created may be untracked by now, so that the comparison of the two trees does not meet it.
void Drafter::add_absent_before() {
  for (const auto& [path, existed] : *goal_.exact) {
    if (existed || items_.contains(path) || is_unread(path)) continue;
    const auto stat = directories_.stat(path);
    if (!stat || find_path(source_, target_, path)) continue;
    const bool is_tracked = find_path(source_, scan_.root_node, path).has_value();
    if (!S_ISSOCK(stat->mode)) add_remove(path, type_of_mode(stat->mode).value_or(EntryType::file), is_tracked, stat);
  }
}

/// A directory in which something stays is not removed, whatever the reason: `-n` and the report are not to say so.
void Drafter::keep_full_directories() {
  for (auto item = items_.end(); item != items_.begin();) {  // what is in a directory comes after it
    --item;
    const std::string& path = item->first;
    if (item->second.kind != StepKind::remove || item->second.type != EntryType::directory) continue;
    const auto goes = [&](const DirectoryName& name) {
      const auto child = items_.find(join_path(path, name.name));
      return child != items_.end() && child->second.kind == StepKind::remove;
    };
    const Directory dir = directories_.find(path);
    if (!dir) continue;
    const auto names = list_directory(engine_.system, dir->get(), directories_.shown(path));
    if (!std::all_of(names.begin(), names.end(), goes)) item = items_.erase(item);
  }
}

Draft draft_restore(Engine& engine, TreeDirectories& directories, ChunkSource& source, const ScanResult& scan, const RestoreGoal& goal) {
  return Drafter(engine, directories, source, scan, goal).make();
}

}  // namespace metamori
