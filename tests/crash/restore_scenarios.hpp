#pragma once

// What the sweeps over restore, undo and recovery run, and what must be true of the disk whatever becomes of it.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/intent.hpp"
#include "core/restore.hpp"
#include "tests/crash/crash_sweep.hpp"
#include "tests/support/engine_world.hpp"

namespace metamori::test {

/// The tree with its top, and where HEAD is.
struct TreeAndHead {
  TreeDescription tree;
  std::uint64_t head = 0;
};
TreeAndHead tree_and_head(SimSystem& disk);

/// One operation that goes from an old tree to a new one.
struct Scenario {
  std::string name;
  std::shared_ptr<const SimSystem> start;  ///< all durable
  std::function<std::vector<RestoreWarning>(System&)> run;
  TreeAndHead before, after;
  bool is_partial = false;                        ///< of some paths: the times of the directories they are in are those of the moment
  std::map<std::uint64_t, TreeDescription> held;  ///< what the checkpoints hold that were there before
};

/// Restores of all kinds, undo, and undoing that.
std::vector<Scenario> restore_scenarios();
/// The operation of `scenario` run on a copy of its start, with its events.
std::unique_ptr<SimSystem> carried_out(const Scenario& scenario);

/// How an interrupted restore must end.
enum class Ending { old_tree, new_tree, either };
/// What `recover` has to come to from `state`: by the markers, if a restore is pending there.
Ending required_ending(SimSystem& state, RecoverMode mode);

/// Distinct states in which a restore is pending, staged or not yet, as many of both, all durable.
std::vector<std::unique_ptr<SimSystem>> pending_states(const Scenario& scenario, std::size_t count_of_each);

/// P7, its first sentence: nothing has been repaired yet.
void check_unrepaired(SimSystem& state, const Scenario& scenario);
/// P2: what records refer to is there, also what the safety checkpoint's does: gc would refuse to run for ever.
void check_sound(SimSystem& state);
/// Recovers; then the tree must be all-new or all-old, as is required. Warnings are violations.
void check_recovered(SimSystem& state, const Scenario& scenario, RecoverMode mode);
/// All of it, on copies of `state`: unrepaired, then recovered both ways; and, of one state in eight, that the checkpoints hold what they
/// held, and that the next one holds the tree. `ended_as`: the operation had returned, and what it had led to must stand.
void check_state(const SimSystem& state, const Scenario& scenario, const TreeAndHead* ended_as);

}  // namespace metamori::test
