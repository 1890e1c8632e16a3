#pragma once

// A history of edits, checkpoints, restores, undoing and power cuts over the engine, beside a plain model of what must then be there: for
// each number the tree it holds, and where HEAD is.

#include <memory>
#include <optional>
#include <set>

#include "core/restore.hpp"
#include "tests/prop/engine_edits.hpp"
#include "tests/support/violation.hpp"

namespace metamori::test {

/// What a checkpoint must hold.
struct Held {
  TreeState tree;
  bool knows_links = true;       ///< false: taken of some paths, so the link counts and groups of `tree` mean nothing
  std::uint64_t head_after = 0;  ///< where HEAD goes when it is restored
};

struct HistoryCounts {
  std::uint64_t histories = 0, steps = 0, checkpoints = 0, restores = 0, undos = 0, cuts = 0, recoveries = 0, refusals = 0;
};

class EngineHistory {
 public:
  EngineHistory(std::uint64_t seed, HistoryCounts& counts);
  ~EngineHistory();
  /// Throws Violation.
  void run(std::size_t step_count);
  /// What was done, for messages.
  [[nodiscard]] const std::vector<std::string>& steps() const noexcept { return steps_; }

 private:
  /// What a restore or undo that was rehearsed on a copy of the disk leads to.
  struct Rehearsal {
    TreeState after;
    std::uint64_t calls = 0;  ///< that change something
    bool refused = false;
  };
  using Restoring = std::function<RestoreReport(Engine&)>;

  void step();
  void edit();
  void take_whole();
  void take_some();
  std::set<std::string> names_taken_along(const TreeState& before, const std::vector<std::string>& paths);
  void restore();
  void undo();
  void cut_idle();
  void cut_checkpoint();
  void cut_restore();
  void check_sample();
  void check_end();

  RestoreOptions random_restore(std::uint64_t& number);
  void check_restored(const TreeState& before, const RestoreOptions& options, const Held& target);
  void note_saved(const RestoreReport& report, const TreeState& before);
  Rehearsal rehearse(const Restoring& restoring);
  /// Runs until the power goes at the `at`-th call that changes something, then starts again from what is left. Whether the operation
  /// failed: one that told of success although the power went while it tidied up must stand.
  bool run_until_cut(std::uint64_t at, const std::function<void(System&)>& operation);
  void recover();
  /// Numbers above `highest`: safety checkpoints of `before`, perhaps a move.
  void note_new_records(std::uint64_t highest, const TreeState& before);
  CrashVariant random_variant();
  std::uint64_t any_number();
  std::string some_path();
  void expect_head(const std::string& when);
  void say(std::string text) { steps_.push_back(std::move(text)); }

  Chance chance_;
  HistoryCounts& counts_;
  std::unique_ptr<SimSystem> disk_;
  bool is_remote_ = false;
  std::map<std::uint64_t, Held> held_;
  std::uint64_t head_ = 0;
  std::optional<TreeState> before_restore_;  ///< what undoing must lead to, if nothing else happened since
  std::vector<std::string> steps_;
};

/// Throws Violation, naming the first path that differs.
void expect_same(const TreeDescription& found, const TreeDescription& expected, const std::string& what);
void expect_same(const TreeState& found, const TreeState& expected, const std::string& what);
/// Without what a restore of some paths may change beside them.
TreeDescription without_traces(TreeDescription tree);

}  // namespace metamori::test
