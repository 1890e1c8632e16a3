#include "tests/crash/crash_sweep.hpp"

#include <algorithm>
#include <random>

#include "metamori/error.hpp"
#include "tests/support/scale.hpp"

namespace metamori::test {
namespace {

/// The same with every standard library.
void shuffle(std::vector<Cut>& cuts, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  for (std::size_t i = cuts.size(); i > 1; --i) std::swap(cuts[i - 1], cuts[random() % i]);
}

}  // namespace

CrashSweep::Limits CrashSweep::usual_limits(std::uint64_t quick_states) {
  if (test_scale() > 1) return {.states = kNoLimit, .seed_count = std::min<std::uint64_t>(test_scale(), 10)};
  return {.states = quick_states, .seed_count = 2};
}

std::string describe(const SimSystem& disk, const Cut& cut) {
  return "cut after event " + std::to_string(cut.events) + " of " + std::to_string(disk.event_count()) + " (" +
         (cut.events > 0 ? disk.event_name(cut.events - 1) : "start") + "), " + to_string(cut.variant);
}

std::vector<Cut> all_cuts(const SimSystem& disk, std::uint64_t seed_count) {
  std::vector<Cut> cuts;
  for (std::size_t events = 0; events <= disk.event_count(); ++events) {
    for (const CrashVariant& variant : crash_variants(seed_count)) cuts.push_back({events, variant});
    for (std::uint64_t seed = 0; seed < disk.losable_count(events); ++seed) {
      cuts.push_back({events, {CrashKind::one_lost, seed}});
      cuts.push_back({events, {CrashKind::one_kept, seed}});
    }
  }
  return cuts;
}

std::optional<std::string> CrashSweep::run(const SimSystem& disk, const Limits& limits, const Check& check) {
  std::vector<Cut> cuts = all_cuts(disk, limits.seed_count);
  shuffle(cuts, limits.seed);
  std::uint64_t left = limits.states;
  for (const Cut& cut : cuts) {
    if (left == 0) break;
    ++cut_count_;
    const auto state = disk.crash_state(cut.events, cut.variant);
    const bool is_end = cut.events == disk.event_count();
    if (!seen_.insert(state->disk_hash() * 2 + (is_end ? 1 : 0)).second) continue;
    --left;
    try {
      check(*state, is_end);
    } catch (const Violation& violation) {
      return violation.what + "; " + describe(disk, cut);
    } catch (const Error& error) {
      return std::string("an error: ") + error.what() + "; " + describe(disk, cut);
    }
  }
  return std::nullopt;
}

}  // namespace metamori::test
