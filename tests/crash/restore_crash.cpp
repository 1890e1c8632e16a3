// T1 over restore, undo and recovery. P7: after any power cut each path is wholly old, wholly new, or named in the pending intent;
// `recover` ends in all-new, `recover --abort` in all-old, however often it is interrupted. P1, P2: what had returned stands, the
// checkpoints are all there, untouched.

#include <gtest/gtest.h>

#include <algorithm>

#include "core/looking.hpp"
#include "tests/crash/restore_scenarios.hpp"
#include "tests/support/count.hpp"
#include "tests/support/scale.hpp"

namespace metamori::test {
namespace {

void tell(const std::string& what, const CrashSweep& sweep) {
  print_count("T1." + what + ".cuts", sweep.cut_count());
  print_count("T1." + what + ".states", sweep.state_count());
}

TEST(RestoreCrash, T1P7EveryPowerCutEndsInAllNewOrAllOld) {
  CrashSweep sweep;
  for (const Scenario& scenario : restore_scenarios()) {
    const auto disk = carried_out(scenario);
    const TreeAndHead ended_as = tree_and_head(*disk);
    const auto violation = sweep.run(*disk, CrashSweep::usual_limits(1200), [&](const SimSystem& state, bool is_end) {
      check_state(state, scenario, is_end ? &ended_as : nullptr);
    });
    ASSERT_FALSE(violation) << scenario.name << ": " << *violation;
  }
  tell("restore", sweep);
  EXPECT_GE(sweep.state_count(), test_scale() >= 10 ? 58'000U : 11'000U);
}

/// Recoveries of unfinished restores, cut in turn, and recoveries of what that leaves.
class RecoverySweep {
 public:
  explicit RecoverySweep(const Scenario& scenario, CrashSweep& sweep) : scenario_(scenario), sweep_(sweep) {}

  /// Both ways from `pending`. `depth`: how often what is cut is recovered and cut again.
  void recover(const SimSystem& pending, unsigned depth, const std::string& history) {
    for (const RecoverMode mode : {RecoverMode::finish, RecoverMode::abort}) {
      const std::string what = history + (mode == RecoverMode::finish ? ", recovered" : ", taken back");
      const auto disk = pending.copy();
      disk->make_durable();
      recover_restore(*open_at_tree(*disk), mode, one_worker().control);
      const TreeAndHead ended_as = tree_and_head(*disk);
      std::vector<std::unique_ptr<SimSystem>> again;
      const auto violation = sweep_.run(*disk, limits(), [&](const SimSystem& state, bool is_end) {
        check_state(state, scenario_, is_end ? &ended_as : nullptr);
        if (again.size() < kAgain && restore_is_pending(*open_at_tree(*state.copy()))) again.push_back(state.copy());
      });
      ASSERT_FALSE(violation) << what << ": " << *violation;
      if (depth == 0) continue;
      for (const auto& state : again) {
        recover(*state, depth - 1, what + ", cut");
        if (testing::Test::HasFatalFailure()) return;
      }
    }
  }

 private:
  /// Each cut that leaves a recovery pending makes two more sweeps: even at a large scale, each is a sample.
  static CrashSweep::Limits limits() {
    CrashSweep::Limits limits = CrashSweep::usual_limits(60);
    limits.states = 60 * std::min<std::uint64_t>(test_scale(), 5);
    return limits;
  }

  static constexpr std::size_t kAgain = 1;
  const Scenario& scenario_;
  CrashSweep& sweep_;
};

TEST(RestoreCrash, T1P7RecoveryMayBeCutAnywhereAgainAndAgain) {
  CrashSweep sweep;
  const std::size_t count = test_scale() > 1 ? std::min<std::size_t>(test_scale(), 5) : 1;
  for (const Scenario& scenario : restore_scenarios()) {
    RecoverySweep recoveries(scenario, sweep);
    for (const auto& state : pending_states(scenario, count)) {
      recoveries.recover(*state, test_scale() > 1 ? 2 : 1, scenario.name);
      if (HasFatalFailure()) return;
    }
  }
  tell("recovery", sweep);
  EXPECT_GE(sweep.state_count(), test_scale() >= 10 ? 230'000U : 4000U);
}

}  // namespace
}  // namespace metamori::test
