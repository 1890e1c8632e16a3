// What becomes of the old state of each path that a restore in place changes: where it can be found again, or that it is lost.

#include <algorithm>

#include "core/entry_changes.hpp"
#include "core/replaced_content.hpp"
#include "core/restore_in_place.hpp"
#include "objects/intact_chunks.hpp"

namespace metamori {
namespace {

/// The state that was captured. What captured it does not know owners: they are as the plan saw them, and a change of owner in between has
/// moved ctime.
OldStat captured_state(const FileStat& captured, const OldStat& planned) noexcept {
  OldStat state = old_stat(captured);
  state.uid = planned.uid;
  state.gid = planned.gid;
  return state;
}

/// What a checkpoint holds and can give back: nothing where its listings can't be read.
class SavedTree {
 public:
  SavedTree(ChunkSource& source, const ChunkId& root) : source_(source) {
    if (!root.is_zero()) root_ = read([&] { return std::optional(get_root(source_, root)); });
  }
  [[nodiscard]] std::optional<Entry> find(const std::string& path) const {
    if (!root_) return std::nullopt;
    return read([&] { return find_path(source_, *root_, path); });
  }

 private:
  template <class Read>
  static std::invoke_result_t<Read> read(Read read_it) {
    try {
      return read_it();
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::corrupt) throw;
      return std::nullopt;
    }
  }
  ChunkSource& source_;
  std::optional<Root> root_;
};

}  // namespace

/// Without a safety checkpoint HEAD's has to give back what goes.
void InPlaceRestore::refuse_damaged() {
  ChunkSource& source = *scratch_;
  std::vector<std::string> damaged;
  try {
    IntactChunks intact(engine_.store->index());
    find_lost(
        source, scan_, get_root(source, aim_.goal.root), draft_, [&](const ChunkId& id) { return intact.holds(id); },
        [&](const std::string& path, const ChunkId& /*id*/) {
          if (damaged.empty() || damaged.back() != path) damaged.push_back(path);
        },
        meter_);
    if (damaged.empty()) return;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::corrupt || find_unreadable_nodes(source, scan_.root).empty()) throw;
  }
  const std::string what =
      damaged.empty() ? "checkpoint " + std::to_string(head_before_.number) : "the repository's copy of " + named(damaged);
  throw Error(ErrorKind::refused, "restore would overwrite or remove what can't be brought back: " + what + " is damaged",
              "restore without --no-save, or use --force", damaged.empty() ? std::string() : damaged.front());
}

/// With a safety checkpoint: it holds the old states.
void InPlaceRestore::settle_saved() {
  Plan& plan = draft_.plan;
  if (safety_->position.number != 0) plan.old_root = safety_->scan.root;
  const Root* const old = plan.old_root.is_zero() ? nullptr : &safety_->scan.root_node;
  ChunkSource& source = *engine_.store;
  const std::set<std::string> uncaptured(draft_.uncaptured.begin(), draft_.uncaptured.end());
  std::vector<std::string> lost;
  for (Step& step : plan.steps) {
    if (step.old != OldState::saved) continue;
    const auto entry = old == nullptr ? std::nullopt : find_path(source, *old, step.path);
    if (!entry || entry->content_unknown || uncaptured.contains(step.path)) {
      step.old = OldState::lost;
      lost.push_back(step.path);
    }
    if (const auto stat = safety_->walk->captured_stat(step.path)) step.stat = captured_state(*stat, *step.stat);
  }
  if (!options_.force) refuse_lost(lost, "could not be saved");
  for (PlanDirectory& directory : plan.directories)
    directory.in_old_root = old != nullptr && find_path(source, *old, directory.path).has_value();
  number_staged({lost.begin(), lost.end()});
}

/// Without one: what HEAD's checkpoint holds is safe there, the rest is lost.
void InPlaceRestore::settle_unsaved() {
  Plan& plan = draft_.plan;
  ChunkSource& source = *scratch_;
  if (const auto root = find_content_root(engine_, head_before_)) plan.old_root = *root;
  const SavedTree head(*engine_.store, plan.old_root);
  std::vector<std::string> lost;
  for (const auto& [path, item] : draft_.items) {  // more than the steps: also what goes with a directory
    if (!item.stat || item.is_litter) continue;
    const auto saved = head.find(path);
    const auto now = item.is_tracked ? find_path(source, scan_.root_node, path) : std::nullopt;
    const bool is_uncaptured = std::find(draft_.uncaptured.begin(), draft_.uncaptured.end(), path) != draft_.uncaptured.end();
    if (!saved || !now || is_uncaptured || saved->content_unknown || !has_same_content(*saved, *now)) lost.push_back(path);
  }
  if (!options_.force) {
    refuse_lost(lost, "have work of their own");
    refuse_damaged();
  }
  const std::set<std::string> are_lost(lost.begin(), lost.end());
  for (Step& step : plan.steps) {
    if (step.old == OldState::saved && are_lost.contains(step.path)) step.old = OldState::lost;
    if (!step.stat) continue;
    if (const auto stat = walk_->captured_stat(step.path)) step.stat = captured_state(*stat, *step.stat);
  }
  for (PlanDirectory& directory : plan.directories) directory.in_old_root = head.find(directory.path).has_value();
  number_staged({draft_.uncaptured.begin(), draft_.uncaptured.end()});
}

/// What could not be captured as it is can't be compared with what it becomes: it is made anew, not rewritten in place.
void InPlaceRestore::number_staged(const std::set<std::string>& uncaptured) {
  Plan& plan = draft_.plan;
  std::vector<Step> further;
  for (Step& step : plan.steps) {
    if (step.kind != StepKind::rewrite || !uncaptured.contains(step.path)) continue;
    step.kind = StepKind::put;
    step.stage_dir = directory_of(step.path);
    for (const auto& [name, first] : draft_.further_names) {
      if (first != step.path) continue;
      further.push_back(step);
      further.back().path = name;
      further.back().stage_dir = directory_of(name);
    }
  }
  plan.steps.insert(plan.steps.end(), further.begin(), further.end());
  std::sort(plan.steps.begin(), plan.steps.end(), [](const Step& a, const Step& b) { return WalkOrder()(a.path, b.path); });
  plan.staged_count = 0;
  for (Step& step : plan.steps)
    if (step.kind == StepKind::put) step.staged_number = plan.staged_count++;
}

}  // namespace metamori
