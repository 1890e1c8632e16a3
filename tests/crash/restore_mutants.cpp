// T5 over restore: what a restore would be that had left out a sync, or a marker. Each such program must be caught by some power cut; else
// the sweeps over restore prove nothing.

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <set>

#include "tests/crash/restore_scenarios.hpp"
#include "tests/support/count.hpp"
#include "tests/support/scale.hpp"

namespace metamori::test {
namespace {

bool is_sync(const CallInfo& info) { return info.call == Call::sync || info.call == Call::sync_file_system; }

/// What descriptor `fd` is of: a place in the repository or in the tree, as far as that has a name.
std::string synced(SimSystem& disk, const CallInfo& info) {
  if (info.call == Call::sync_file_system) return "the file system";
  FileStat by_fd;
  if (disk.stat(info.fd, by_fd) < 0) return "?";
  const auto is_it = [&](const std::string& path) {
    FileStat by_name;
    return disk.stat_at(AT_FDCWD, path.c_str(), by_name) >= 0 && by_name.inode == by_fd.inode;
  };
  if (is_it(kTree)) return "the tree's top";
  for (const auto& [path, node] : disk.tree(kTree)) {
    if (!is_it(std::string(kTree) + '/' + path)) continue;
    if (path.find("/tmp/") != std::string::npos) return "a file in tmp/";
    if (path.find(kStagePrefix) != std::string::npos) return "a staged file";
    return path;
  }
  return "?";
}

TreeDescription without_top(TreeDescription tree) {
  tree.erase("");
  return tree;
}

struct Mutant {
  std::string what;
  bool is_caught = false;
};

bool has_safety_checkpoint(const Scenario& scenario) { return scenario.name != "restore --no-save"; }

/// A restore that was finished, or recovered, can be undone: its safety checkpoint is there, whole.
void check_undo(const SimSystem& state, const Scenario& scenario) {
  const auto disk = state.copy();
  recover_restore(*open_at_tree(*disk), RecoverMode::finish, one_worker().control);
  if (without_directory_times(user_tree(*disk)) == without_directory_times(without_top(scenario.before.tree))) return;
  RestoreOptions options;
  options.control.jobs = 1;
  undo_restore(*open_at_tree(*disk), options);
  expect(without_directory_times(user_tree(*disk)) == without_directory_times(without_top(scenario.before.tree)), "undo is no undo");
}

/// Runs `scenario` with `fault`, and looks for a power cut that shows.
Mutant try_mutant(const Scenario& scenario, const Fault& fault) {
  const auto disk = scenario.start->copy();
  disk->make_durable();
  FaultSystem faulty(*disk);
  Mutant mutant;
  std::uint64_t met = 0;
  std::set<std::string> before;
  faulty.on_before([&](const CallInfo& info) {
    if (!is_sync(info) || met >= fault.at) return;
    const std::string place = synced(*disk, info);
    const bool is_first = before.insert(place).second;
    if (fault.matches(info) && ++met == fault.at) mutant.what = place + (is_first ? "" : ", again");
  });
  faulty.set_fault(fault);
  scenario.run(faulty);
  const TreeAndHead ended_as = tree_and_head(*disk);
  const auto violation = CrashSweep().run(*disk, {.states = test_scale() > 1 ? CrashSweep::kNoLimit : 5000, .seed_count = 2},
                                          [&](const SimSystem& state, bool is_end) {
                                            const auto copy = state.copy();
                                            check_sound(*copy);
                                            check_state(*copy, scenario, is_end ? &ended_as : nullptr);
                                            if (has_safety_checkpoint(scenario)) check_undo(*copy, scenario);
                                          });
  mutant.is_caught = violation.has_value();
  return mutant;
}

/// A sync that may be left out without harm, where it is of `place` (as synced() tells it) in a scenario of the kind. Each entry has its
/// reason from the protocol (docs/restore.md); what merely is not caught does not belong here.
struct Harmless {
  std::string place;
  std::function<bool(const Scenario&)> is_it;
};

/// Whether what is staged is synced by one call for the whole file system, as links and FIFOs are among it, and not file by file.
bool syncs_the_file_system(const Scenario& scenario) {
  return scenario.name != "restore of a clone" && scenario.name != "restore in place";
}

const std::vector<Harmless> kHarmless = {
    // Directories in which names are staged, when all is staged. A name that is lost before the point of no return was to be removed; one
    // that is lost after it is made again from the store, which is complete by then.
    {"the tree's top", syncs_the_file_system},
    {"the tree's top", [](const Scenario& scenario) { return scenario.name == "restore of a clone"; }},
    {"shut", [](const Scenario& scenario) { return scenario.name == "undo"; }},
    // The name of the safety checkpoint's record. Before the point of no return going back is removing what is staged, which does not need
    // it, and nobody has been told its number; the file system is synced as a whole before that point, and the name with it. (Where the
    // repository is on another one it would not be: that sync is not to be left out of the program. Without the call for the whole file
    // system it is caught.)
    {".metamori/checkpoints", [](const Scenario& scenario) { return has_safety_checkpoint(scenario) && syncs_the_file_system(scenario); }},
    // The record of a move of HEAD to where it is, made so that checkpoints under way look again: none is after a power cut. Undo, which
    // finds the restore by this record, looks at the tree if there is none; nobody was told its number.
    {".metamori/checkpoints, again", [](const Scenario& scenario) { return scenario.is_partial; }},
    // The intent's name, where nothing is staged: the tree is not touched before the marker's name is synced, in the same directory.
    {".metamori/restore", [](const Scenario& scenario) { return scenario.name == "restore in place"; }},
};

bool is_harmless(const Scenario& scenario, const std::string& place) {
  return std::any_of(kHarmless.begin(), kHarmless.end(), [&](const Harmless& sync) { return sync.place == place && sync.is_it(scenario); });
}

TEST(RestoreMutants, T5ASkippedSyncIsCaught) {
  const std::set<std::string> quick = {"restore over unsaved work", "restore in place"};
  std::uint64_t caught = 0;
  for (const Scenario& scenario : restore_scenarios()) {
    if (test_scale() == 1 && !quick.contains(scenario.name)) continue;
    std::uint64_t syncs = 0;
    {
      const auto disk = scenario.start->copy();
      FaultSystem counting(*disk);
      scenario.run(counting);
      syncs = counting.count(Call::sync) + counting.count(Call::sync_file_system);
    }
    for (std::uint64_t at = 1; at <= syncs; ++at) {
      const Mutant mutant = try_mutant(scenario, {.matches = is_sync, .at = at, .action = FaultAction::skip});
      caught += mutant.is_caught ? 1 : 0;
      EXPECT_TRUE(mutant.is_caught || is_harmless(scenario, mutant.what))
          << scenario.name << ": sync " << at << " of " << syncs << ", of " << mutant.what << ", may be left out without anybody noticing";
      EXPECT_FALSE(mutant.is_caught && is_harmless(scenario, mutant.what)) << scenario.name << ": " << mutant.what << " is not harmless";
    }
  }
  print_count("T5.restore.mutants", caught);
  EXPECT_GE(caught, 20U);
}

TEST(RestoreMutants, T5AMissingMarkerIsCaught) {
  std::uint64_t caught = 0;
  for (const Scenario& scenario : restore_scenarios()) {
    if (scenario.name != "restore --delete" && scenario.name != "restore in place") continue;
    for (const std::string name : {"intent", "staged"}) {
      const auto publishes = [&](const CallInfo& info) { return info.call == Call::rename && info.to_name == name; };
      Mutant mutant = try_mutant(scenario, {.matches = publishes, .action = FaultAction::skip});
      EXPECT_TRUE(mutant.is_caught) << scenario.name << ": without " << name;
      caught += mutant.is_caught ? 1 : 0;
    }
  }
  print_count("T5.restore.markers", caught);
}

}  // namespace
}  // namespace metamori::test
