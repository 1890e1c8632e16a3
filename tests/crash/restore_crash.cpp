// T1 over restore, undo and recovery. P7: after any power cut each path is wholly old, wholly new, or named in the pending intent;
// `recover` ends in all-new, `recover --abort` in all-old, however often it is interrupted. P1, P2: what had returned stands, the
// checkpoints are all there, untouched.

#include <gtest/gtest.h>

#include <iostream>

#include "tests/crash/restore_scenarios.hpp"
#include "tests/support/scale.hpp"

namespace metamori::test {
namespace {

/// In the quick suite a sample of the cuts, at a larger scale all of them.
CrashSweep::Limits limits(std::uint64_t quick_states) {
  if (test_scale() > 1) return {.states = CrashSweep::kNoLimit, .seed_count = std::min<std::uint64_t>(test_scale(), 10)};
  return {.states = quick_states, .seed_count = 2};
}

TEST(RestoreCrash, T1P7EveryPowerCutEndsInAllNewOrAllOld) {
  CrashSweep sweep;
  for (const Scenario& scenario : restore_scenarios()) {
    const auto disk = carried_out(scenario);
    const std::uint64_t before = sweep.state_count();
    const auto violation =
        sweep.run(*disk, limits(1200), [&](const SimSystem& state, bool at_end) { check_state(state, scenario, at_end); });
    std::cout << scenario.name << ": " << disk->event_count() << " events, " << sweep.state_count() - before << " states\n";
    ASSERT_FALSE(violation) << scenario.name << ": " << *violation;
  }
  std::cout << "T1 restore and undo: " << sweep.cut_count() << " power cuts, " << sweep.state_count() << " distinct states\n";
}

}  // namespace
}  // namespace metamori::test
