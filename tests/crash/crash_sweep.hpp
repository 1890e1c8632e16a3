#pragma once

// Power cuts after every event of what happened on a simulated disk, in every way: each distinct disk that a cut leaves is looked at once.

#include <functional>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "tests/support/sim_system.hpp"
#include "tests/support/violation.hpp"

namespace metamori::test {

struct Cut {
  std::size_t events = 0;
  CrashVariant variant;
};
std::string describe(const SimSystem& disk, const Cut& cut);

/// After each event: each kind of cut, those by chance `seed_count` times, and each operation that is not durable yet as the only one that
/// is lost, and as the only one that is kept.
std::vector<Cut> all_cuts(const SimSystem& disk, std::uint64_t seed_count);

class CrashSweep {
 public:
  struct Limits {
    std::uint64_t states;      ///< distinct ones of a run; then it ends
    std::uint64_t seed_count;  ///< as for all_cuts()
    std::uint64_t seed = 1;    ///< of the order in which cuts are tried
  };
  static constexpr std::uint64_t kNoLimit = ~std::uint64_t{0};
  /// So many states in the quick suite; all, and more cuts by chance, in longer ones.
  static Limits usual_limits(std::uint64_t quick_states);
  /// `is_end`: all that `disk` did had been done when the power went. Throws Violation.
  using Check = std::function<void(const SimSystem& state, bool is_end)>;

  /// The first violation, if there is one, and where. States that an earlier run has met are not looked at again.
  std::optional<std::string> run(const SimSystem& disk, const Limits& limits, const Check& check);
  [[nodiscard]] std::uint64_t cut_count() const noexcept { return cut_count_; }
  /// Distinct ones, all of them checked.
  [[nodiscard]] std::uint64_t state_count() const noexcept { return seen_.size(); }

 private:
  std::unordered_set<std::uint64_t> seen_;
  std::uint64_t cut_count_ = 0;
};

}  // namespace metamori::test
