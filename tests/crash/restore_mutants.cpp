// T5 over restore: what a restore would be that had left out a sync, or a marker. Each such program must be caught by some power cut; else
// the sweeps over restore prove nothing.

#include <gtest/gtest.h>

#include <algorithm>
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
                                            check_state(*copy, scenario, is_end ? &ended_as : nullptr);
                                            check_undo(*copy, scenario);
                                          });
  mutant.is_caught = violation.has_value();
  return mutant;
}

/// Syncs on which nothing depends, by scenario. Of the directory that names are staged in: what is gone of them is made again. Before one
/// call that syncs the whole file system, which comes before the point of no return: it makes up for those before it, as far as what they
/// are of is not needed to go back. That a move of HEAD to where it is was published: undo finds out by looking. That the intent is there,
/// where nothing is staged: the marker that follows is in the same directory.
const std::map<std::string, std::set<std::string>> kHarmless = {
    {"restore over unsaved work", {"the tree's top", ".metamori/checkpoints"}},
    {"restore of files", {"the tree's top", "a file in tmp/", ".metamori/packs", ".metamori/checkpoints", ".metamori/checkpoints, again"}},
    {"restore in place", {"the tree's top", ".metamori/restore"}},
};

TEST(RestoreMutants, T5ASkippedSyncIsCaught) {
  std::uint64_t caught = 0;
  for (const Scenario& scenario : restore_scenarios()) {
    const auto allowed = kHarmless.find(scenario.name);
    if (allowed == kHarmless.end() || (scenario.is_partial && test_scale() == 1)) continue;
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
      EXPECT_TRUE(mutant.is_caught || allowed->second.contains(mutant.what))
          << scenario.name << ": sync " << at << " of " << syncs << ", of " << mutant.what << ", may be left out without anybody noticing";
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
