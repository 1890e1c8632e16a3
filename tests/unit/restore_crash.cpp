// P7: at every point where the power may go, recovery ends in all-new, taking back in all-old; a restore whose calls fail leaves one of the
// two, or an intent that says so.

#include <gtest/gtest.h>

#include "tests/support/count.hpp"
#include "tests/support/scale.hpp"
#include "tests/unit/restore_world.hpp"

namespace metamori::test {
namespace {

constexpr std::size_t kLargeBytes = 1'100'000;

class RestoreCrash : public ::testing::Test {
 protected:
  void SetUp() override {
    disk.make_directories(kTree);
    init_at_tree(disk);
    make_first_tree(disk, {.large_bytes = kLargeBytes});
    disk.advance_clock(10'000'000'000);
    checkpoint(disk);
    made_new = user_tree(disk);
    make_second_tree(disk, {.large_bytes = kLargeBytes});
    disk.advance_clock(10'000'000'000);
    checkpoint(disk);
    old = user_tree(disk);
    disk.advance_clock(10'000'000'000);
    disk.make_durable();
  }

  void expect_recovered(SimSystem& state, RecoverMode mode, const std::string& what) {
    SCOPED_TRACE(what);
    const auto engine = open_at_tree(state);
    const bool was_pending = restore_is_pending(*engine);
    const RecoverReport report = recover_restore(*engine, mode, one_worker().control);
    EXPECT_EQ(report.was_pending, was_pending);
    EXPECT_FALSE(restore_is_pending(*engine));
    EXPECT_TRUE(report.warnings.empty()) << report.warnings.front().path << ": " << report.warnings.front().message;
    const TreeDescription tree = user_tree(state);
    const bool is_new = tree == made_new;
    if (!is_new && tree != old) {
      for (const auto& [path, node] : tree)
        if ((!made_new.contains(path) || made_new.at(path) != node) && (!old.contains(path) || old.at(path) != node))
          ADD_FAILURE() << "neither old nor new: " << path;
      FAIL() << "neither all-new nor all-old";
    }
    EXPECT_EQ(engine->log->head().number, is_new ? 1U : 2U);
    if (!report.was_pending) return;
    EXPECT_EQ(is_new, report.finished);
    EXPECT_FALSE(is_new && mode == RecoverMode::abort);
  }

  SimSystem disk;
  TreeDescription old, made_new;
};

TEST_F(RestoreCrash, EveryPowerCutEndsInAllNewOrAllOld) {
  restore(disk, to_number(1));
  ASSERT_EQ(user_tree(disk), made_new);
  const std::size_t count = disk.event_count();
  const std::size_t stride = test_scale() > 1 ? 1 : 7;
  std::size_t states = 0;
  for (std::size_t event = 0; event <= count; event += stride) {
    const auto variants = crash_variants(test_scale());
    const CrashVariant& variant = variants[event / stride % variants.size()];
    for (const RecoverMode mode : {RecoverMode::finish, RecoverMode::abort}) {
      auto state = disk.crash_state(event, variant);
      expect_recovered(
          *state, mode,
          "after event " + std::to_string(event) + ", " + to_string(variant) + (mode == RecoverMode::abort ? ", abort" : ", finish"));
      ++states;
      if (HasFailure()) return;
    }
  }
  print_count("T1.restore-recovered.states", states);
}

TEST_F(RestoreCrash, RecoveryItselfMayBeCutAnywhere) {
  restore(disk, to_number(1));
  const std::size_t count = disk.event_count();
  std::size_t states = 0;
  for (const RecoverMode mode : {RecoverMode::finish, RecoverMode::abort}) {
    for (std::size_t event = count / 2; event < count; event += std::max<std::size_t>(1, count / (6 * test_scale()))) {
      auto state = disk.crash_state(event, {CrashKind::all_kept, 1});
      if (!restore_is_pending(*open_at_tree(*state))) continue;
      state->make_durable();
      recover_restore(*open_at_tree(*state), mode, one_worker().control);
      const std::size_t again = state->event_count();
      for (std::size_t cut = 0; cut <= again; cut += std::max<std::size_t>(1, again / (12 * test_scale()))) {
        auto second = state->crash_state(cut, {CrashKind::all_lost, 1});
        ++states;
        expect_recovered(*second, mode,
                         "cut at " + std::to_string(event) + ", recovery cut at " + std::to_string(cut) +
                             (mode == RecoverMode::abort ? ", abort" : ", finish"));
        if (HasFailure()) return;
      }
    }
  }
  print_count("T1.recovery-cut.states", states);
}

TEST_F(RestoreCrash, FailingCallsLeaveOldNewOrAnIntent) {
  const auto untouched = disk.copy();
  FaultSystem counter(*untouched);
  restore(counter, to_number(1));
  const std::uint64_t count = counter.count_mutating();
  const std::uint64_t stride = test_scale() > 1 ? 1 : 11;
  std::uint64_t faults = 0;
  for (std::uint64_t n = 1; n <= count; n += stride) {
    auto copy = disk.copy();
    FaultSystem faulty(*copy);
    faulty.set_fault({.matches = FaultSystem::mutates, .at = n, .action = FaultAction::fail, .error = EIO});
    bool failed = false;
    try {
      restore(faulty, to_number(1));
    } catch (const Error&) {
      failed = true;
    }
    ++faults;
    if (!failed) continue;  // warnings and caches
    expect_recovered(*copy, n % 2 == 0 ? RecoverMode::finish : RecoverMode::abort, "failing call " + std::to_string(n));
    if (HasFailure()) return;
  }
  print_count("T2.restore-recovered.faults", faults);
}

}  // namespace
}  // namespace metamori::test
