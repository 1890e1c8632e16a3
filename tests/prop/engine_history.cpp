// T9: random histories over the engine against a model (engine_model.hpp). P1, P2, P6, P7, P9. A failure prints the seed of its history;
// METAMORI_TEST_SEED=<seed> runs that one alone, <first>-<last> these, METAMORI_TEST_SCALE makes more of them.

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

#include "tests/prop/engine_model.hpp"
#include "tests/support/count.hpp"
#include "tests/support/scale.hpp"

namespace metamori::test {
namespace {

constexpr std::uint64_t kHistories = 400;
constexpr std::size_t kSteps = 12;

void run_history(std::uint64_t seed, HistoryCounts& counts) {
  EngineHistory history(seed, counts);
  std::string violation;
  try {
    history.run(kSteps);
    return;
  } catch (const Violation& found) {
    violation = found.what;
  } catch (const Error& error) {
    violation = std::string("an error: ") + error.what();
  }
  std::string steps;
  for (const std::string& step : history.steps()) steps += step + '\n';
  ADD_FAILURE() << violation << "\nMETAMORI_TEST_SEED=" << seed << ", after\n" << steps;
}

TEST(EngineHistory, T9RandomHistoriesAgreeWithTheModel) {
  HistoryCounts counts;
  std::uint64_t first = 1;
  std::uint64_t last = kHistories * test_scale();
  if (const char* const chosen = std::getenv("METAMORI_TEST_SEED"); chosen != nullptr) {
    char* end = nullptr;
    first = last = std::strtoull(chosen, &end, 10);
    if (*end == '-') last = std::strtoull(end + 1, nullptr, 10);
  }
  for (std::uint64_t seed = first; seed <= last && !HasFailure(); ++seed) run_history(seed, counts);
  print_count("T9.histories", counts.histories);
  std::cout << "T9: " << counts.histories << " histories, " << counts.steps << " steps: " << counts.checkpoints << " checkpoints, "
            << counts.restores << " restores, " << counts.undos << " undone, " << counts.cuts << " power cuts, " << counts.recoveries
            << " recoveries, " << counts.refusals << " refused\n";
}

}  // namespace
}  // namespace metamori::test
