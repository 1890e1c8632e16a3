// T1 and T2 over the checkpoint. P1: what was acknowledged survives a power cut. P2: after any cut a checkpoint is wholly there or absent,
// older ones untouched. P3: the next command just works. P5: any failing call gives an error or a checkpoint, never a damaged repository.

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "base/bytes.hpp"
#include "base/files.hpp"
#include "tests/crash/crash_sweep.hpp"
#include "tests/support/count.hpp"
#include "tests/support/engine_world.hpp"
#include "tests/support/scale.hpp"

namespace metamori::test {
namespace {

std::string pattern(std::size_t size, unsigned seed) {
  std::string text(size, '\0');
  std::uint32_t state = seed * 2654435761U + 1;
  for (char& byte : text) {
    state = state * 1664525U + 1013904223U;
    byte = static_cast<char>(state >> 24);
  }
  return text;
}

/// The tree in its steps: each is durable before its checkpoint is taken.
void make_step(SimSystem& disk, int step) {
  const std::string top(kTree);
  switch (step) {
    case 1:
      disk.write_file(top + "/state.bin", std::string_view(pattern(150'000, 1)));
      disk.write_file(top + "/run.log", std::string_view("start\n"));
      disk.write_file(top + "/sub/deep/x", std::string_view("x"));
      disk.make_symlink("run.log", AT_FDCWD, (top + "/link").c_str());
      break;
    case 2: {
      std::string changed = pattern(150'000, 1);
      changed.replace(70'000, 5, "XXXXX");
      disk.write_file(top + "/state.bin", std::string_view(changed));
      disk.write_file(top + "/run.log", std::string_view("start\nmore\n"));
      disk.remove_file(AT_FDCWD, (top + "/link").c_str());
      disk.make_symlink("state.bin", AT_FDCWD, (top + "/link").c_str());
      disk.make_symlink("sub", AT_FDCWD, (top + "/new_link").c_str());
      break;
    }
    default:
      disk.remove_tree(top + "/sub/deep");
      disk.write_file(top + "/sub/y", std::string_view("y"));
      break;
  }
  disk.advance_clock(10'000'000'000);
}

/// Opens what the cut left and checks it against the trees that were checkpointed, the first `acknowledged` of which must be there.
void check_state(const SimSystem& state, const std::vector<TreeDescription>& trees, std::uint64_t acknowledged) {
  const auto disk = state.copy();
  auto engine = open_at_tree(*disk);
  const std::uint64_t highest = engine->log->highest();
  expect(highest >= acknowledged, "an acknowledged checkpoint is lost");
  expect(highest <= trees.size(), "a checkpoint that was not taken");
  for (std::uint64_t number = 1; number <= highest; ++number)
    expect(checkpointed_tree(*engine, number) == trees[number - 1], "checkpoint " + std::to_string(number) + " is another");
  engine.reset();
  const CheckpointReport next = checkpoint(*disk);
  expect(next.checkpoint.number == highest + 1, "the next checkpoint has the number " + std::to_string(next.checkpoint.number));
  engine = open_at_tree(*disk);
  expect(checkpointed_tree(*engine, next.checkpoint.number) == without_link_counts(user_tree(*disk)),
         "the next checkpoint does not hold the tree");
}

TEST(CheckpointCrash, P1P2P3EveryPowerCutLeavesWholeCheckpoints) {
  SimOptions plain;  // a file system without flags for rename: names are published by links
  plain.rename_no_replace = false;
  CrashSweep sweep;
  for (const SimOptions& options : {SimOptions{}, plain}) {
    SimSystem disk(options);
    disk.make_directories(kTree);
    init_at_tree(disk);
    std::vector<TreeDescription> trees;
    for (int step = 1; step <= 3; ++step) {
      make_step(disk, step);
      disk.make_durable();
      trees.push_back(without_link_counts(user_tree(disk)));
      const auto report = checkpoint(disk);
      ASSERT_EQ(report.checkpoint.number, trees.size());
      const CrashSweep::Limits limits{.states = CrashSweep::kNoLimit, .seed_count = 3 * test_scale()};
      // What runs after the commit point is caches; the id is told when the call returns.
      const auto violation =
          sweep.run(disk, limits, [&](const SimSystem& state, bool is_end) { check_state(state, trees, trees.size() - (is_end ? 0 : 1)); });
      ASSERT_FALSE(violation) << "step " << step << ": " << *violation;
      disk.make_durable();
    }
  }
  print_count("T1.checkpoint.cuts", sweep.cut_count());
  print_count("T1.checkpoint.states", sweep.state_count());
  EXPECT_GE(sweep.state_count(), 1000U);
}

/// What a job writes without syncing may be cut at any moment; bytes may be on the disk then, and the times that tell of them not.
TEST(CheckpointCrash, P9WhatAPowerCutLeavesOfAJobsFilesIsInTheNextCheckpoint) {
  SimSystem disk;
  disk.make_directories(kTree);
  init_at_tree(disk);
  make_step(disk, 1);
  checkpoint(disk);
  disk.advance_clock(10'000'000'000);
  checkpoint(disk);
  disk.make_durable();
  std::string changed = pattern(150'000, 1);
  changed.replace(70'000, 5, "XXXXX");
  const Fd file = open_file(disk, AT_FDCWD, (std::string(kTree) + "/state.bin").c_str(), O_RDWR, 0, "state.bin");
  const FileStat before = stat_of(disk, file.get(), "state.bin");
  write_all(disk, file.get(), as_bytes(changed), 0, "state.bin");
  std::uint64_t silent_changes = 0;
  for (const CrashVariant& variant : crash_variants(50 * test_scale())) {
    SCOPED_TRACE(to_string(variant));
    const auto state = disk.crash_state(disk.event_count(), variant);
    FileStat after;
    state->stat_at(AT_FDCWD, (std::string(kTree) + "/state.bin").c_str(), after);
    const TreeDescription tree = without_link_counts(user_tree(*state));
    silent_changes += after.ctime == before.ctime && tree.at("state.bin").content != to_bytes(pattern(150'000, 1));
    for (const std::vector<std::string>& paths : {std::vector<std::string>{"run.log"}, {}}) {
      CheckpointOptions options = one_worker();
      options.paths = paths;
      const std::uint64_t number = checkpoint(*state, options).checkpoint.number;
      if (paths.empty()) {
        ASSERT_TRUE(checkpointed_tree(*open_at_tree(*state), number) == tree);
      }
    }
  }
  EXPECT_GT(silent_changes, 0U);
}

/// The tree without the paths that the report lists as unreadable, and what is below them.
TreeDescription without(TreeDescription tree, const std::vector<CapturedPath>& listed) {
  std::erase_if(tree, [&](const auto& node) {
    return std::any_of(listed.begin(), listed.end(), [&](const CapturedPath& path) { return is_at_or_below(node.first, path.path); });
  });
  return tree;
}

/// Fails calls of a checkpoint, one or all from one on in each run; the checkpoint before it holds `first`.
class FailingCalls {
 public:
  /// Takes a checkpoint of what `disk` holds, by way of `system`.
  using Take = std::function<CheckpointReport(SimSystem& disk, System& system)>;
  FailingCalls(const SimSystem& disk, TreeDescription first, Take take) : disk_(disk), first_(std::move(first)), take_(std::move(take)) {
    const auto copy = disk_.copy();
    FaultSystem counting(*copy);
    take_(*copy, counting);
    calls_ = counting.count_all();
  }
  /// Every `stride`-th call.
  void fail(int error, bool for_ever, std::uint64_t stride = 1) {
    for (std::uint64_t at = 1 + tried_count % stride; at <= calls_; at += stride) {
      SCOPED_TRACE("call " + std::to_string(at) + " fails with " + std::to_string(error) + (for_ever ? " for ever" : ""));
      ASSERT_NO_FATAL_FAILURE(fail_one({.at = at, .for_ever = for_ever, .action = FaultAction::fail, .error = error}));
    }
  }
  std::uint64_t tried_count = 0;
  std::uint64_t failed_count = 0;

 private:
  void fail_one(const Fault& fault) {
    const auto copy = disk_.copy();
    const TreeDescription second = without_link_counts(user_tree(*copy));
    FaultSystem faulty(*copy);
    faulty.set_fault(fault);
    CheckpointReport report;
    try {
      report = take_(*copy, faulty);
    } catch (const Error& thrown) {
      ++failed_count;
      ASSERT_FALSE(std::string(thrown.what()).empty());
    }
    ++tried_count;
    auto engine = open_at_tree(*copy);
    const std::uint64_t highest = engine->log->highest();
    ASSERT_GE(highest, report.created ? 2U : 1U);
    ASSERT_LE(highest, 2U);
    ASSERT_EQ(checkpointed_tree(*engine, 1), first_);
    if (report.created) {
      ASSERT_EQ(without(checkpointed_tree(*engine, 2), report.verdicts), without(second, report.verdicts)) << "a loss that was not listed";
      ASSERT_TRUE(fault.error != EINTR || report.verdicts.empty());
    }
    engine.reset();
    const auto next = checkpoint(*copy);
    engine = open_at_tree(*copy);
    ASSERT_EQ(checkpointed_tree(*engine, next.checkpoint.number), without_link_counts(user_tree(*copy)));
  }

  const SimSystem& disk_;
  TreeDescription first_;
  Take take_;
  std::uint64_t calls_ = 0;
};

TEST(CheckpointCrash, P5EveryFailingCallIsToldAndDamagesNothing) {
  SimSystem disk;
  disk.make_directories(kTree);
  init_at_tree(disk);
  make_step(disk, 1);
  const TreeDescription first = without_link_counts(user_tree(disk));
  checkpoint(disk);
  make_step(disk, 2);
  FailingCalls calls(disk, first, [](SimSystem&, System& system) { return checkpoint(system); });
  for (const int error : {EIO, ENOSPC, EDQUOT}) {
    calls.fail(error, false);
    calls.fail(error, true);
  }
  calls.fail(EINTR, false);  // a call that is interrupted for ever is tried for ever
  print_count("T2.checkpoint.faults", calls.tried_count);
  EXPECT_GE(calls.tried_count, 500U);
  EXPECT_GT(calls.failed_count, 0U);
}

/// A job that goes on writing as soon as it may.
class OverwritingJob final : public Pause {
 public:
  explicit OverwritingJob(SimSystem& disk) : disk_(disk) {}
  void begin() override {}
  bool end() noexcept override {
    disk_.write_file(std::string(kTree) + "/large.bin", std::string_view("overwritten"));
    disk_.write_file(std::string(kTree) + "/sub/new", std::string_view("new"));
    return true;
  }

 private:
  SimSystem& disk_;
};

/// Also those by which files are cloned during a pause, and read from clones after it, while a job overwrites them.
TEST(CheckpointCrash, P5EveryFailingCallOfAPausedCheckpointIsToldAndDamagesNothing) {
  SimOptions options;
  options.reflinks = true;
  SimSystem disk(options);
  disk.make_directories(kTree);
  init_at_tree(disk);
  make_step(disk, 1);
  std::string large(1'200'000, '0');
  disk.write_file(std::string(kTree) + "/large.bin", std::string_view(large));
  disk.advance_clock(10'000'000'000);
  const TreeDescription first = without_link_counts(user_tree(disk));
  checkpoint(disk);
  make_step(disk, 2);
  large.replace(600'000, 5, "XXXXX");
  disk.write_file(std::string(kTree) + "/large.bin", std::string_view(large));
  disk.advance_clock(10'000'000'000);
  std::uint64_t cloned = 0;
  FailingCalls calls(disk, first, [&](SimSystem& below, System& system) {
    OverwritingJob job(below);
    CheckpointOptions taking = one_worker();
    taking.pause = &job;
    CheckpointReport report = checkpoint(system, taking);
    cloned += report.files_cloned;
    return report;
  });
  EXPECT_EQ(cloned, 1U);
  calls.fail(EIO, false);
  for (const int error : {EIO, ENOSPC}) calls.fail(error, true, 3);
  calls.fail(ENOSPC, false, 3);
  calls.fail(EINTR, false, 3);
  print_count("T2.checkpoint.paused-faults", calls.tried_count);
  EXPECT_GT(cloned, 0U);
  EXPECT_GT(calls.failed_count, 0U);
}

/// T5: with a sync left out, some power cut must be noticed; else the sweep above proves nothing.
TEST(CheckpointCrash, T5ASkippedSyncIsCaught) {
  std::uint64_t syncs = 0;
  const auto world = [] {
    auto disk = std::make_unique<SimSystem>();
    disk->make_directories(kTree);
    init_at_tree(*disk);
    make_step(*disk, 1);
    disk->make_durable();
    return disk;
  };
  const auto is_sync = [](const CallInfo& info) { return info.call == Call::sync; };
  {
    const auto disk = world();
    FaultSystem counting(*disk);
    checkpoint(counting);
    syncs = counting.count(Call::sync);
  }
  ASSERT_GE(syncs, 4U);
  for (std::uint64_t at = 1; at <= syncs; ++at) {
    const auto disk = world();
    FaultSystem mutant(*disk);
    mutant.set_fault({.matches = is_sync, .at = at, .action = FaultAction::skip});
    checkpoint(mutant);
    const TreeDescription expected = without_link_counts(user_tree(*disk));
    bool caught = false;
    for (const CrashVariant& variant : crash_variants(2)) {
      const auto state = disk->crash_state(disk->event_count(), variant);
      try {
        const auto engine = open_at_tree(*state);
        caught = caught || engine->log->highest() != 1 || checkpointed_tree(*engine, 1) != expected;
      } catch (const Error&) {
        caught = true;
      }
    }
    EXPECT_TRUE(caught) << "sync " << at << " of " << syncs << " may be left out without anybody noticing";
  }
  print_count("T5.checkpoint.mutants", syncs);
}

}  // namespace
}  // namespace metamori::test
