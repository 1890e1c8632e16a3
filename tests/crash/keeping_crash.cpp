// T1, T2 and T5 over forget, undo of it, and gc. P12: what is not forgotten is never lost, at whatever event the power goes or whatever
// call fails; what was acknowledged as forgotten stays so; the next commands just work.

#include <fcntl.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/forget.hpp"
#include "core/gc.hpp"
#include "core/looking.hpp"
#include "objects/record_fold.hpp"
#include "tests/crash/crash_sweep.hpp"
#include "tests/crash/fault_sweep.hpp"
#include "tests/support/count.hpp"
#include "tests/support/engine_world.hpp"
#include "tests/support/noise.hpp"
#include "tests/support/scale.hpp"

namespace metamori::test {
namespace {

/// A repository with a file whose pages change, so that versions rest on each other, and small ones.
struct World {
  std::unique_ptr<SimSystem> disk = std::make_unique<SimSystem>();
  std::map<std::uint64_t, TreeDescription> trees;

  explicit World(int checkpoints) {
    disk->make_directories(kTree);
    init_at_tree(*disk);
    std::string pages = noise(120'000, 1);
    for (int i = 1; i <= checkpoints; ++i) {
      pages.replace(static_cast<std::size_t>(i) * 7919 % 110'000, 600, noise(600, static_cast<std::uint32_t>(i)));
      const std::string top(kTree);
      disk->write_file(top + "/pages", pages);
      disk->write_file(top + "/own", noise(3000, static_cast<std::uint32_t>(1000 + i)));
      disk->write_file(top + "/sub/log", "line " + std::to_string(i));
      disk->advance_clock(10'000'000'000);
      const std::uint64_t number = checkpoint(*disk).checkpoint.number;
      trees[number] = without_link_counts(user_tree(*disk));
    }
    disk->make_durable();
  }
};

using Action = std::function<void(System& system)>;

Action forget_these(const std::vector<std::string>& revisions) {
  return [revisions](System& system) {
    ForgetOptions options;
    options.revisions = revisions;
    options.force = true;
    forget(*open_at_tree(system), options);
  };
}

void collect(System& system) { collect_garbage(*open_at_tree(system), {}); }

/// All records but the newest few.
void fold(System& system, std::uint64_t newest_kept) {
  const auto engine = open_at_tree(system);
  std::map<std::uint64_t, Record> replaced;
  FoldLimits limits;
  limits.newest_kept = newest_kept;
  limits.singles_min = 2;
  fold_records(system, engine->dirs.checkpoints.get(), engine->dirs.tmp.get(), replaced, limits);
}

/// What is done, what must survive it, and what may or may not be there.
struct Case {
  std::string name;
  int checkpoints = 6;
  Action before;                 ///< durable
  Action action;                 ///< cut
  std::set<std::uint64_t> gone;  ///< forgotten by either: whole, or known to be forgotten
  bool brings_back = false;      ///< the action ends with none of them forgotten
  bool was_told = false;         ///< they were forgotten before, and must not come back
};

std::vector<Case> cases() {
  const Action nothing = [](System&) {};
  return {
      {"forget", 5, nothing, forget_these({"2", "3"}), {2, 3}},
      {"undo of forget", 5, forget_these({"2", "3"}), [](System& system) { undo_forget(*open_at_tree(system), false, {}); }, {2, 3}, true},
      {"gc of the middle", 6, forget_these({"2", "3", "4"}), collect, {2, 3, 4}, false, true},
      {"gc of the beginning", 6, forget_these({"1", "2", "3", "4"}), collect, {1, 2, 3, 4}, false, true},
      {"forget and gc",
       5,
       nothing,
       [](System& system) {
         forget_these({"1", "3"})(system);
         collect(system);
       },
       {1, 3}},
      {"gc of small packs", 10, forget_these({"5"}), collect, {5}, false, true},
      {"folding",
       14,
       [](System& system) {
         forget_these({"2"})(system);
         fold(system, 8);
         forget_these({"3"})(system);  // outweighs what is folded
       },
       [](System& system) { fold(system, 4); },
       {2, 3},
       false,
       true},
  };
}

bool is_whole(Engine& engine, std::uint64_t number, const TreeDescription& tree) { return checkpointed_tree(engine, number) == tree; }

/// Every checkpoint that was not to go is whole; the others are whole, or forgotten with or without their content.
void check_records(System& system, const World& world, const Case& of) {
  const auto engine = open_at_tree(system);
  for (const auto& [number, tree] : world.trees) {
    const Record record = engine->log->get(number);
    const bool may_go = of.gone.contains(number);
    expect(record.kind == RecordKind::checkpoint || (may_go && record.kind == RecordKind::tombstone),
           "checkpoint " + std::to_string(number) + " is no checkpoint any more");
    const bool is_held = record.kind == RecordKind::checkpoint || record.content_held;
    if (is_held) expect(is_whole(*engine, number, tree), "checkpoint " + std::to_string(number) + " is not whole");
  }
}

void check_state(const SimSystem& cut, const World& world, const Case& of, bool is_end) {
  const auto state = cut.copy();
  check_records(*state, world, of);
  if (is_end || of.was_told) {
    const auto engine = open_at_tree(*state);
    for (const std::uint64_t number : of.gone)
      expect((engine->log->get(number).kind == RecordKind::tombstone) != of.brings_back, "what was told to be done is not");
  }
  // The next commands just work, and leave nothing that can't be read.
  collect(*state);
  check_records(*state, world, of);
  const std::uint64_t highest = world.trees.rbegin()->first;
  const CheckpointReport next = checkpoint(*state);
  expect(next.checkpoint.number == highest + 1, "a number was used again or left out");
  const auto engine = open_at_tree(*state);
  expect(is_whole(*engine, next.checkpoint.number, without_link_counts(user_tree(*state))), "the next checkpoint is not whole");
  VerifyOptions options;
  options.data = true;
  options.control.jobs = 1;
  const VerifyReport report = verify(*engine, options);
  if (!report.ok()) throw Violation{"verify: " + report.problems.front().where + ": " + report.problems.front().message};
}

TEST(KeepingCrash, T1P12NoPowerCutLosesWhatWasNotForgotten) {
  CrashSweep sweep;
  for (const Case& of : cases()) {
    World world(of.checkpoints);
    of.before(*world.disk);
    world.disk->make_durable();
    of.action(*world.disk);
    const auto violation = sweep.run(*world.disk, CrashSweep::usual_limits(200),
                                     [&](const SimSystem& state, bool is_end) { check_state(state, world, of, is_end); });
    ASSERT_FALSE(violation) << of.name << ": " << *violation;
  }
  print_count("T1.keeping.cuts", sweep.cut_count());
  print_count("T1.keeping.states", sweep.state_count());
  EXPECT_GE(sweep.state_count(), 700U);
}

TEST(KeepingCrash, T2P5EveryFailingCallIsToldAndLosesNothing) {
  FaultSweep sweep([](std::uint64_t calls) { return test_scale() > 1 ? 1 : std::max<std::uint64_t>(1, calls / 40); });
  for (const Case& of : cases()) {
    const World world(of.checkpoints);
    of.before(*world.disk);
    const auto violation =
        sweep.run(*world.disk, of.action, [&](const SimSystem& state, bool /*was_done*/) { check_state(state, world, of, false); });
    ASSERT_FALSE(violation) << of.name << ": " << *violation;
  }
  print_count("T2.keeping.faults", sweep.tried_count());
  EXPECT_GE(sweep.tried_count(), 350U);
  EXPECT_GT(sweep.failed_count(), 100U);
}

/// What a sync that is left out is of, in words.
std::string synced(SimSystem& disk, int fd) {
  FileStat by_fd;
  if (disk.stat(fd, by_fd) < 0) return "?";
  for (const char* const name : {"", "/packs", "/trash", "/checkpoints", "/tmp"}) {
    FileStat by_name;
    if (disk.stat_at(AT_FDCWD, (std::string(kTree) + "/.metamori" + name).c_str(), by_name) >= 0 && by_name.inode == by_fd.inode)
      return *name == 0 ? "top" : name + 1;
  }
  return "a file";
}

/// T5: each sync left out must be noticed by some power cut; else the sweep above proves nothing. Not those on which nothing depends: that
/// the generation was raised (whoever might have noticed is gone after a power cut), that packs are in the trash, and that single records
/// are gone which say what folded ones say. Of the two syncs of `packs/` each makes up for the other; without both something is lost.
TEST(KeepingCrash, T5ASkippedSyncIsCaught) {
  std::uint64_t mutants = 0;
  const auto is_sync = [](const CallInfo& info) { return info.call == Call::sync || info.call == Call::sync_file_system; };
  const std::map<std::string, std::vector<std::string>> harmless = {
      {"forget", {}}, {"gc of the middle", {"top", "trash", "packs", "packs, the last"}}, {"folding", {"checkpoints, the last"}}};
  const std::vector<Case> all = cases();
  for (const Case& of : all) {
    const auto allowed = harmless.find(of.name);
    if (allowed == harmless.end()) continue;
    const World world(of.checkpoints);
    of.before(*world.disk);
    world.disk->make_durable();
    std::uint64_t syncs = 0;
    {
      const auto copy = world.disk->copy();
      FaultSystem counting(*copy);
      of.action(counting);
      syncs = counting.count(Call::sync) + counting.count(Call::sync_file_system);
    }
    for (std::uint64_t at = 1; at <= syncs; ++at) {
      const auto disk = world.disk->copy();
      disk->make_durable();
      FaultSystem mutant(*disk);
      std::string skipped;
      std::uint64_t met = 0;
      mutant.on_before([&](const CallInfo& info) {
        if (is_sync(info) && ++met == at) skipped = synced(*disk, info.fd) + (at == syncs ? ", the last" : "");
      });
      mutant.set_fault({.matches = is_sync, .at = at, .action = FaultAction::skip});
      of.action(mutant);
      const auto violation = CrashSweep().run(*disk, {.states = test_scale() > 1 ? CrashSweep::kNoLimit : 400, .seed_count = 2},
                                              [&](const SimSystem& state, bool is_end) { check_state(state, world, of, is_end); });
      mutants += violation ? 1 : 0;
      const bool is_harmless = std::find(allowed->second.begin(), allowed->second.end(), skipped) != allowed->second.end();
      EXPECT_TRUE(violation || is_harmless) << of.name << ": sync " << at << " of " << syncs << ", of " << skipped
                                            << ", may be left out without anybody noticing";
    }
  }
  const Case& gc = *std::find_if(all.begin(), all.end(), [](const Case& of) { return of.name == "gc of the middle"; });
  const World world(gc.checkpoints);
  gc.before(*world.disk);
  world.disk->make_durable();
  FaultSystem mutant(*world.disk);
  const auto is_of_packs = [&](const CallInfo& info) { return is_sync(info) && synced(*world.disk, info.fd) == "packs"; };
  mutant.set_fault({.matches = is_of_packs, .for_ever = true, .action = FaultAction::skip});
  gc.action(mutant);
  EXPECT_TRUE(CrashSweep().run(*world.disk, {.states = CrashSweep::kNoLimit, .seed_count = 2}, [&](const SimSystem& state, bool is_end) {
    check_state(state, world, gc, is_end);
  })) << "packs/ is never synced, and nobody notices";
  print_count("T5.keeping.mutants", ++mutants);
  EXPECT_GE(mutants, 12U);
}

}  // namespace
}  // namespace metamori::test
