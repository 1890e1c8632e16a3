// T1 and T2 over restore, undo and recovery. P7: after any power cut each path is wholly old, wholly new, or named in the pending intent;
// `recover` ends in all-new, `recover --abort` in all-old. P1, P2: the checkpoints are all there, untouched. P5: a failing call is told.

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "core/intent.hpp"
#include "tests/support/count.hpp"
#include "tests/support/scale.hpp"
#include "tests/unit/restore_world.hpp"

namespace metamori::test {
namespace {

constexpr std::size_t kLargeBytes = 30'000;

/// One operation that goes from an old tree to a new one.
struct Scenario {
  std::string name;
  std::unique_ptr<SimSystem> start;
  std::function<void(System&)> run;
  TreeDescription old_tree, new_tree;
  std::uint64_t old_head = 0, new_head = 0;
  std::uint64_t highest = 0;  ///< numbers that were there before
};

std::uint64_t head_of(SimSystem& disk) { return open_at_tree(disk)->log->head().number; }

Scenario make_scenario(std::string name, std::unique_ptr<SimSystem> disk, std::function<void(System&)> run) {
  Scenario scenario;
  scenario.name = std::move(name);
  disk->advance_clock(10'000'000'000);
  disk->make_durable();
  scenario.old_tree = user_tree(*disk);
  scenario.old_head = head_of(*disk);
  scenario.highest = open_at_tree(*disk)->log->highest();
  const auto copy = disk->copy();
  run(*copy);
  scenario.new_tree = user_tree(*copy);
  scenario.new_head = head_of(*copy);
  scenario.start = std::move(disk);
  scenario.run = std::move(run);
  return scenario;
}

std::unique_ptr<SimSystem> two_checkpoints(bool reflinks = false) {
  SimOptions options;
  options.reflinks = reflinks;
  auto disk = std::make_unique<SimSystem>(options);
  make_two_checkpoints(*disk, kLargeBytes);
  return disk;
}

void undo(System& system) {
  RestoreOptions options;
  options.control.jobs = 1;
  undo_restore(*open_at_tree(system), options);
}

std::function<void(System&)> restoring(const std::function<void(RestoreOptions&)>& change) {
  RestoreOptions options = to_number(1);
  change(options);
  return [options](System& system) { restore(system, options); };
}

std::vector<Scenario> scenarios() {
  std::vector<Scenario> all;
  all.push_back(make_scenario("restore --delete", two_checkpoints(), restoring([](RestoreOptions&) {})));
  all.push_back(
      make_scenario("restore --delete --keep-inode", two_checkpoints(), restoring([](RestoreOptions& o) { o.keep_inode = true; })));
  all.push_back(make_scenario("restore", two_checkpoints(true), restoring([](RestoreOptions& o) { o.remove_extra = false; })));
  all.push_back(make_scenario("restore of paths", two_checkpoints(), restoring([](RestoreOptions& o) {
                                o.paths = {"changed", "gone_dir", "large", "file_then_dir"};
                              })));
  auto disk = two_checkpoints();
  restore(*disk, to_number(1));
  all.push_back(make_scenario("undo", std::move(disk), undo));
  return all;
}

/// Whether the plan does something to `path`.
bool is_named(const Plan& plan, const std::string& path) {
  const auto names = [&](const auto& item) { return item.path == path; };
  if (std::any_of(plan.directories.begin(), plan.directories.end(), names)) return true;
  return std::any_of(plan.steps.begin(), plan.steps.end(), [&](const Step& step) { return is_at_or_below(path, step.path); });
}

bool is_staged_name(const std::string& path) { return path.find(kStagePrefix) != std::string::npos; }

/// The first sentence of P7, before anything is repaired.
void check_unrepaired(SimSystem& state, const Scenario& scenario) {
  const auto engine = open_at_tree(state);
  const TreeDescription found = user_tree(state);
  const std::optional<Intent> intent = restore_is_pending(*engine) ? IntentFiles(*engine).find() : std::nullopt;
  if (!intent) {
    ASSERT_TRUE(found == scenario.old_tree || found == scenario.new_tree) << "nothing is pending, but the tree is neither old nor new";
    return;
  }
  std::set<std::string> paths;
  for (const TreeDescription* tree : {&found, &scenario.old_tree, &scenario.new_tree})
    for (const auto& [path, node] : *tree) paths.insert(path);
  const auto node_at = [](const TreeDescription& tree, const std::string& path) {
    const auto node = tree.find(path);
    return node == tree.end() ? nullptr : &node->second;
  };
  for (const std::string& path : paths) {
    if (is_staged_name(path) || is_named(intent->plan, path)) continue;
    const NodeDescription* const is = node_at(found, path);
    const NodeDescription* const was = node_at(scenario.old_tree, path);
    ASSERT_TRUE(is != nullptr && was != nullptr) << path << " came or went, and the intent does not name it";
    ASSERT_EQ(is->content, was->content) << path;
    ASSERT_EQ(is->mode, was->mode) << path;
    ASSERT_EQ(is->mtime, was->mtime) << path;
  }
}

/// Recovers; the tree must be all-new or all-old, as was asked for if it had begun to change.
void check_recovered(SimSystem& state, const Scenario& scenario, RecoverMode mode) {
  const auto engine = open_at_tree(state);
  ASSERT_GE(engine->log->highest(), scenario.highest) << "checkpoints are lost";
  const RecoverReport report = recover_restore(*engine, mode, one_worker().control);
  ASSERT_FALSE(restore_is_pending(*engine));
  ASSERT_TRUE(report.warnings.empty()) << report.warnings.front().path << ": " << report.warnings.front().message;
  const TreeDescription tree = user_tree(state);
  const bool is_new = tree == scenario.new_tree;
  if (!is_new && tree != scenario.old_tree) {
    for (const auto& [path, node] : tree) {
      const auto was = scenario.old_tree.find(path);
      const auto will = scenario.new_tree.find(path);
      if ((was == scenario.old_tree.end() || was->second != node) && (will == scenario.new_tree.end() || will->second != node))
        ADD_FAILURE() << "neither old nor new: " << path;
    }
    FAIL() << "neither all-new nor all-old";
  }
  ASSERT_EQ(head_of(state), is_new ? scenario.new_head : scenario.old_head);
  if (report.was_pending) {
    ASSERT_EQ(is_new, report.finished);
    ASSERT_FALSE(is_new && mode == RecoverMode::abort);
  }
}

void check_both_ways(const SimSystem& disk, std::size_t events, const CrashVariant& variant, const Scenario& scenario,
                     std::uint64_t& states) {
  SCOPED_TRACE(scenario.name + ", cut after " + std::to_string(events) + " (" + (events > 0 ? disk.event_name(events - 1) : "start") +
               "), " + to_string(variant));
  for (const RecoverMode mode : {RecoverMode::finish, RecoverMode::abort}) {
    SCOPED_TRACE(mode == RecoverMode::finish ? "finish" : "abort");
    const auto state = disk.crash_state(events, variant);
    const bool is_pending = restore_is_pending(*open_at_tree(*state));
    if (mode == RecoverMode::finish) check_unrepaired(*state, scenario);
    if (!testing::Test::HasFatalFailure()) check_recovered(*state, scenario, mode);
    if (testing::Test::HasFatalFailure()) return;
    ++states;
    if (!is_pending) return;  // nothing to choose
  }
}

TEST(RestoreCrash, P7EveryPowerCutEndsInAllNewOrAllOld) {
  std::uint64_t states = 0;
  const auto variants = crash_variants(test_scale());
  const std::size_t stride = test_scale() > 1 ? 1 : 3;  // of the variants: each event meets a third of them
  for (const Scenario& scenario : scenarios()) {
    const auto disk = scenario.start->copy();
    disk->make_durable();
    scenario.run(*disk);
    ASSERT_EQ(user_tree(*disk), scenario.new_tree);
    for (std::size_t events = 0; events <= disk->event_count(); ++events)
      for (std::size_t i = events % stride; i < variants.size(); i += stride) {
        check_both_ways(*disk, events, variants[i], scenario, states);
        if (HasFatalFailure()) return;
      }
  }
  print_count("T1.restore.states", states);
  EXPECT_GE(states, 2000U);
}

TEST(RestoreCrash, P7RecoveryMayBeCutAnywhere) {
  std::uint64_t states = 0;
  const auto variants = crash_variants(test_scale());
  std::size_t turn = 0;
  for (const Scenario& scenario : scenarios()) {
    const auto disk = scenario.start->copy();
    disk->make_durable();
    scenario.run(*disk);
    const std::size_t count = disk->event_count();
    const std::size_t step = std::max<std::size_t>(1, count / (6 * test_scale()));
    for (const RecoverMode mode : {RecoverMode::finish, RecoverMode::abort})
      for (std::size_t events = step; events < count; events += step) {
        const auto pending = disk->crash_state(events, variants[turn++ % variants.size()]);
        if (!restore_is_pending(*open_at_tree(*pending))) continue;
        pending->make_durable();
        recover_restore(*open_at_tree(*pending), mode, one_worker().control);
        const std::size_t stride = test_scale() > 1 ? 1 : 5;
        for (std::size_t cut = events % stride; cut <= pending->event_count(); cut += stride) {
          const CrashVariant& variant = variants[turn++ % variants.size()];
          const auto state = pending->crash_state(cut, variant);
          SCOPED_TRACE(scenario.name + ", cut after " + std::to_string(events) +
                       (mode == RecoverMode::finish ? ", recovery" : ", taking back") + " cut after " + std::to_string(cut) + ", " +
                       to_string(variant));
          check_recovered(*state, scenario, mode);
          if (HasFatalFailure()) return;
          ++states;
        }
      }
  }
  print_count("T1.recover.states", states);
  EXPECT_GE(states, 500U);
}

struct FaultCounts {
  std::uint64_t tried = 0;
  std::uint64_t told = 0;
};

/// Makes call `fault.at` of `operation` fail, and recovers from what that leaves.
void check_fault(const SimSystem& start, const Scenario& scenario, const std::function<void(System&)>& operation, const Fault& fault,
                 FaultCounts& counts) {
  SCOPED_TRACE(scenario.name + ", call " + std::to_string(fault.at) + " fails with " + std::to_string(fault.error) +
               (fault.for_ever ? " for ever" : "") + (fault.action == FaultAction::fail_after ? ", done" : ""));
  const auto copy = start.copy();
  bool failed = false;
  {
    FaultSystem faulty(*copy);
    faulty.set_fault(fault);
    try {
      operation(faulty);
    } catch (const Error& error) {
      failed = true;
      ASSERT_NE(std::string(error.what()), "");
    }
  }
  ++counts.tried;
  if (failed) ++counts.told;
  check_recovered(*copy, scenario, fault.at % 2 == 0 ? RecoverMode::finish : RecoverMode::abort);
}

void sweep_faults(const SimSystem& start, const Scenario& scenario, const std::function<void(System&)>& operation, FaultCounts& counts) {
  std::uint64_t count = 0;
  {
    const auto copy = start.copy();
    FaultSystem counting(*copy);
    operation(counting);
    count = counting.count_mutating();
  }
  const std::uint64_t stride = test_scale() > 1 ? 1 : 4;
  std::uint64_t turn = 0;
  for (const int error : {EIO, ENOSPC, EDQUOT})
    for (const bool for_ever : {false, true})
      for (std::uint64_t at = 1 + turn++ % stride; at <= count; at += stride) {
        const FaultAction action = (at / stride) % 5 == 4 && !for_ever ? FaultAction::fail_after : FaultAction::fail;
        check_fault(start, scenario, operation,
                    {.matches = FaultSystem::mutates, .at = at, .for_ever = for_ever, .action = action, .error = error}, counts);
        if (testing::Test::HasFatalFailure()) return;
      }
}

TEST(RestoreCrash, P5P7EveryFailingCallLeavesOldNewOrAnIntent) {
  FaultCounts counts;
  for (const Scenario& scenario : scenarios()) {
    sweep_faults(*scenario.start, scenario, scenario.run, counts);
    if (HasFatalFailure()) return;
  }
  print_count("T2.restore.faults", counts.tried);
  EXPECT_GE(counts.tried, 500U);
  EXPECT_GT(counts.told, 0U);
}

TEST(RestoreCrash, P5P7EveryFailingCallOfRecoveryLeavesOldNewOrAnIntent) {
  FaultCounts counts;
  for (const Scenario& scenario : scenarios()) {
    const auto disk = scenario.start->copy();
    disk->make_durable();
    scenario.run(*disk);
    const std::size_t count = disk->event_count();
    for (std::size_t events = count / 2; events < count; events += std::max<std::size_t>(1, count / 5)) {
      const auto pending = disk->crash_state(events, {CrashKind::all_kept, 1});
      if (!restore_is_pending(*open_at_tree(*pending))) continue;
      for (const RecoverMode mode : {RecoverMode::finish, RecoverMode::abort}) {
        sweep_faults(
            *pending, scenario, [mode](System& system) { recover_restore(*open_at_tree(system), mode, one_worker().control); }, counts);
        if (HasFatalFailure()) return;
      }
    }
  }
  print_count("T2.recover.faults", counts.tried);
  EXPECT_GT(counts.told, 0U);
}

}  // namespace
}  // namespace metamori::test
