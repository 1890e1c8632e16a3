// From the paths that change to steps: new directories as a whole where everything in them is wanted, staging places, and the directories
// to be put in order at the end.

#include <algorithm>

#include "core/restore_drafter.hpp"

namespace metamori {
namespace {

bool makes_directory(const DraftItem& item) noexcept { return item.kind == StepKind::put && item.type == EntryType::directory; }

RestoreActionKind action_kind(const DraftItem& item) noexcept {
  switch (item.kind) {
    case StepKind::rewrite:
      return RestoreActionKind::rewrite;
    case StepKind::metadata:
      return RestoreActionKind::metadata;
    case StepKind::remove:
      return RestoreActionKind::remove;
    case StepKind::put:
    case StepKind::make_directory:
      break;
  }
  return item.stat ? RestoreActionKind::replace : RestoreActionKind::create;
}

}  // namespace

/// Directories below which everything of the checkpoint is made: they are staged as one.
std::set<std::string_view> Drafter::deep_directories() const {
  struct Open {
    std::string_view path;
    std::uint64_t wanted = 0;
    std::uint64_t found = 0;
  };
  std::set<std::string_view> deep;
  std::vector<Open> open;
  const auto close_until = [&](std::string_view path) {
    while (!open.empty() && (path.empty() || !is_at_or_below(path, open.back().path))) {
      const Open done = open.back();
      open.pop_back();
      if (done.found == done.wanted) deep.insert(done.path);
      if (!open.empty()) open.back().found += done.found;
    }
  };
  for (const auto& [path, item] : items_) {
    if (item.kind != StepKind::put) continue;
    close_until(path);
    if (!open.empty()) ++open.back().found;
    if (makes_directory(item)) open.push_back({path, item.entries_below, 0});
  }
  close_until({});
  return deep;
}

void Drafter::assemble() {
  const std::set<std::string_view> deep = deep_directories();
  std::string_view inside;
  for (const auto& [path, item] : items_) {
    if (!inside.empty() && is_at_or_below(path, inside) && item.kind == StepKind::put) continue;
    const bool is_deep = makes_directory(item) && deep.contains(path);
    if (is_deep) inside = path;
    add_step(path, item, is_deep);
  }
  for (const auto& [path, first] : draft_.further_names)
    if (items_.at(first).kind == StepKind::rewrite) add_parent(path);
  add_directories();
}

std::string Drafter::existing_directory(std::string_view path) const {
  while (made_directories_.contains(path)) path = directory_of(path);
  return std::string(path);
}

void Drafter::add_parent(std::string_view path) {
  const std::string parent = existing_directory(directory_of(path));
  if (changed_directories_.contains(parent)) return;
  changed_directories_.emplace(parent, false);
  if (!covers(parent)) return;
  const auto entry = find_path(source_, target_, parent);
  if (entry && entry->type == EntryType::directory && !entry->content_unknown) changed_directories_[parent] = true;
}

void Drafter::add_step(const std::string& path, const DraftItem& item, bool deep) {
  Step step;
  step.path = path;
  step.kind = item.kind;
  step.deep = deep;
  step.old = !item.stat ? OldState::absent : item.is_litter ? OldState::lost : OldState::saved;
  if (item.stat) step.stat = old_stat(*item.stat);
  if (makes_directory(item) && !deep) {
    step.kind = StepKind::make_directory;
    add_parent(path);
    made_directories_.insert(path);
  } else if (item.kind == StepKind::put) {
    step.staged_number = draft_.plan.staged_count++;
    step.stage_dir = existing_directory(directory_of(path));
    add_parent(path);
  } else if (item.kind == StepKind::remove || item.kind == StepKind::rewrite) {
    add_parent(path);  // of what is rewritten, too: it is staged instead if its old bytes turn out to be in no checkpoint
  }
  draft_.plan.steps.push_back(std::move(step));
}

void Drafter::add_directories() {
  for (const auto& [path, from_target] : changed_directories_) {
    const auto stat = directories_.stat(path);
    if (!stat || !has_type(*stat, EntryType::directory)) continue;  // it goes, or makes room for something else
    PlanDirectory directory;
    directory.path = path;
    directory.from_target = from_target;
    directory.mode = stat->mode & 07777;
    directory.mtime = stat->mtime;
    draft_.plan.directories.push_back(std::move(directory));
  }
}

void Drafter::list_touched() {
  // Names that come and go move a directory's time, whether its metadata are to change or not; which undoing has to put back, too: also
  // where undoing is what moves it, as that may stage what was rewritten.
  std::set<std::string_view> directories;
  for (const auto& [path, from_target] : changed_directories_) directories.insert(path);
  for (const auto& [path, item] : items_) {
    directories.insert(directory_of(path));
    if (!item.is_litter) draft_.touched.push_back({path, item.stat.has_value()});
  }
  for (const auto& [path, first] : draft_.further_names) {
    directories.insert(directory_of(path));
    draft_.touched.push_back({path, true});
  }
  for (const std::string_view path : directories) {
    std::string name(path);
    if (items_.contains(name)) continue;
    if (const auto stat = directories_.stat(name); stat && has_type(*stat, EntryType::directory))
      draft_.touched.push_back({std::move(name), true});
  }
  std::sort(draft_.touched.begin(), draft_.touched.end(), [](const TouchedPath& a, const TouchedPath& b) { return a.path < b.path; });
}

void Drafter::list_actions() {
  std::uint64_t in_target = 0;
  for (const auto& [path, item] : items_) {
    draft_.actions.push_back({path, action_kind(item), static_cast<NodeType>(item.type), item.bytes});
    if (item.kind == StepKind::put) draft_.staged_bytes += item.bytes;
    if (item.kind != StepKind::remove) ++in_target;
  }
  for (const auto& [path, first] : draft_.further_names) draft_.actions.push_back({path, action_kind(items_.at(first)), NodeType::file, 0});
  in_target += draft_.further_names.size();
  for (const auto& [path, from_target] : changed_directories_) {
    if (!settled_directories_.contains(path)) continue;
    draft_.actions.push_back({path, RestoreActionKind::metadata, NodeType::directory, 0});
    ++in_target;
  }
  std::sort(draft_.actions.begin(), draft_.actions.end(), [](const RestoreAction& a, const RestoreAction& b) { return a.path < b.path; });
  std::uint64_t total = goal_.exact ? goal_.exact->size() : goal_.scope.empty() ? target_.top.entries_below : 0;
  if (!goal_.exact)
    for (const std::string& path : goal_.scope)
      if (const auto entry = find_path(source_, target_, path)) total += 1 + entry->entries_below;
  draft_.unchanged = total > in_target ? total - in_target : 0;
}

}  // namespace metamori
