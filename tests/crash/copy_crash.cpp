// T1, T2 and T5 over copying: at whatever event the power goes or whatever call fails, what is in the target is whole, and copying again
// brings the rest.

#include <fcntl.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "core/copy.hpp"
#include "core/forget.hpp"
#include "core/gc.hpp"
#include "core/looking.hpp"
#include "core/restore.hpp"
#include "tests/crash/crash_sweep.hpp"
#include "tests/crash/fault_sweep.hpp"
#include "tests/support/count.hpp"
#include "tests/support/engine_world.hpp"
#include "tests/support/noise.hpp"
#include "tests/support/scale.hpp"

namespace metamori::test {
namespace {

constexpr const char* kTarget = "/target";

/// A repository with a branch, a file whose versions rest on each other, and small files; and one to copy to, with a checkpoint of its own.
struct World {
  std::unique_ptr<SimSystem> disk = std::make_unique<SimSystem>();
  std::map<CheckpointId, TreeDescription> trees;
  std::string pages = noise(120'000, 1);

  World() {
    disk->make_directories(kTree);
    disk->make_directories(kTarget);
    init_at_tree(*disk);
    init_at_tree(*disk, kTarget);
    for (int i = 1; i <= 3; ++i) step(i);
    RestoreOptions back;
    back.revision = "2";
    back.control.jobs = 1;
    restore_checkpoint(*open_at_tree(*disk), back);
    step(4);
    disk->write_file(std::string(kTarget) + "/own", "own");
    checkpoint(*disk, one_worker(), kTarget);
    disk->make_durable();
  }
  void step(int i) {
    const std::string top(kTree);
    pages.replace(static_cast<std::size_t>(i) * 7919 % 110'000, 600, noise(600, static_cast<std::uint32_t>(i)));
    disk->write_file(top + "/pages", pages);
    disk->write_file(top + "/own", noise(3000, static_cast<std::uint32_t>(1000 + i)));
    disk->write_file(top + "/sub/log", "line " + std::to_string(i));
    disk->advance_clock(10'000'000'000);
    CheckpointOptions options = one_worker();
    options.tags = {"step" + std::to_string(i)};
    trees[checkpoint(*disk, options).checkpoint.id] = without_link_counts(user_tree(*disk));
  }
};

using Action = std::function<void(System& system)>;

Action copying(const std::vector<std::string>& revisions) {
  return [revisions](System& system) {
    CopyOptions options;
    options.revisions = revisions;
    options.control.jobs = 1;
    copy_checkpoints(*open_at_tree(system), *open_at_tree(system, kTarget), options);
  };
}

struct Case {
  std::string name;
  Action before;  ///< durable
  Action action;  ///< cut
};

std::vector<Case> cases() {
  const Action nothing = [](System&) {};
  return {
      {"all", nothing, copying({})},
      {"the rest", copying({"1", "2"}), copying({})},
      {"one without its ancestors", nothing, copying({"latest"})},
      {"ancestors filled in", copying({"latest"}), copying({})},
      {"one brought back",
       [](System& system) {
         copying({})(system);
         ForgetOptions options;
         options.revisions = {"step2"};
         const auto target = open_at_tree(system, kTarget);
         forget(*target, options);
         collect_garbage(*target, {});
       },
       copying({"step2"})},
  };
}

/// What is there is whole.
void check_target(System& system, const World& world) {
  const auto target = open_at_tree(system, kTarget);
  expect(target->log->head() == Position{1, target->log->get(1).id()}, "HEAD was moved");
  for (const RecordSummary& record : target->log->summaries()) {
    if (record.kind != RecordKind::checkpoint || record.number == 1) continue;
    expect(checkpointed_tree(*target, record.number) == world.trees.at(record.id),
           "number " + std::to_string(record.number) + " is not whole");
  }
  VerifyOptions options;
  options.data = true;
  options.control.jobs = 1;
  const VerifyReport report = verify(*target, options);
  if (!report.ok()) throw Violation{"verify: " + report.problems.front().where + ": " + report.problems.front().message};
}

void check_state(const SimSystem& cut, const World& world, const Case& of, bool is_end) {
  const auto state = cut.copy();
  check_target(*state, world);
  const auto count = [&] {
    std::size_t whole = 0;
    const auto target = open_at_tree(*state, kTarget);
    for (const RecordSummary& record : target->log->summaries())
      whole += world.trees.contains(record.id) && record.kind == RecordKind::checkpoint;
    return whole;
  };
  const std::size_t before = count();
  of.action(*state);
  check_target(*state, world);
  expect(!is_end || count() == before, "what was told to be copied was not there");
  copying({})(*state);
  check_target(*state, world);
  expect(count() >= world.trees.size(), "copying again does not bring the rest");
}

TEST(CopyCrash, T1NoPowerCutLeavesACheckpointThatIsNotWhole) {
  CrashSweep sweep;
  for (const Case& of : cases()) {
    World world;
    of.before(*world.disk);
    world.disk->make_durable();
    of.action(*world.disk);
    const auto violation = sweep.run(*world.disk, CrashSweep::usual_limits(120),
                                     [&](const SimSystem& state, bool is_end) { check_state(state, world, of, is_end); });
    ASSERT_FALSE(violation) << of.name << ": " << *violation;
  }
  print_count("T1.copy.cuts", sweep.cut_count());
  print_count("T1.copy.states", sweep.state_count());
  EXPECT_GE(sweep.state_count(), 250U);
}

TEST(CopyCrash, T2P5EveryFailingCallIsToldAndLeavesNothingHalf) {
  FaultSweep sweep([](std::uint64_t calls) { return test_scale() > 1 ? 1 : std::max<std::uint64_t>(1, calls / 40); });
  for (const Case& of : cases()) {
    const World world;
    of.before(*world.disk);
    const auto violation =
        sweep.run(*world.disk, of.action, [&](const SimSystem& state, bool was_done) { check_state(state, world, of, was_done); });
    ASSERT_FALSE(violation) << of.name << ": " << *violation;
  }
  print_count("T2.copy.faults", sweep.tried_count());
  EXPECT_GE(sweep.tried_count(), 250U);
  EXPECT_GT(sweep.failed_count(), 100U);
}

/// T5: a sync left out is noticed by some power cut.
TEST(CopyCrash, T5ASkippedSyncIsCaught) {
  const auto is_sync = [](const CallInfo& info) { return info.call == Call::sync || info.call == Call::sync_file_system; };
  const Case of = cases().front();
  std::uint64_t syncs = 0;
  {
    const World world;
    FaultSystem counting(*world.disk);
    of.action(counting);
    syncs = counting.count(Call::sync) + counting.count(Call::sync_file_system);
  }
  std::uint64_t mutants = 0;
  for (std::uint64_t at = 1; at <= syncs; ++at) {
    const World world;
    FaultSystem mutant(*world.disk);
    mutant.set_fault({.matches = is_sync, .at = at, .action = FaultAction::skip});
    of.action(mutant);
    const auto violation = CrashSweep().run(*world.disk, {.states = test_scale() > 1 ? CrashSweep::kNoLimit : 400, .seed_count = 2},
                                            [&](const SimSystem& state, bool is_end) { check_state(state, world, of, is_end); });
    EXPECT_TRUE(violation) << "sync " << at << " of " << syncs << " may be left out without anybody noticing";
    mutants += violation ? 1 : 0;
  }
  print_count("T5.copy.mutants", mutants);
  EXPECT_GE(mutants, 4U);
}

}  // namespace
}  // namespace metamori::test
