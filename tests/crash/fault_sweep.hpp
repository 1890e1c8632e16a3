#pragma once

// Calls that fail, one in each run: whatever was being done says so, and what it leaves is looked at.

#include <functional>
#include <optional>
#include <string>

#include "tests/support/sim_system.hpp"
#include "tests/support/violation.hpp"

namespace metamori::test {

class FaultSweep {
 public:
  using Action = std::function<void(System& system)>;
  /// `was_done`: the action said that it had done what it was to do. Throws Violation, or Error for what can't be read.
  using Check = std::function<void(const SimSystem& state, bool was_done)>;
  /// Of so many calls that an action makes, each how manieth is to fail.
  using Stride = std::function<std::uint64_t(std::uint64_t calls)>;
  explicit FaultSweep(Stride stride) : stride_(std::move(stride)) {}

  /// Has `action` done on copies of `disk`, with EIO from one call each time, and with ENOSPC from those half way between. The first
  /// violation, if there is one, and where; an Error without a message is one.
  std::optional<std::string> run(const SimSystem& disk, const Action& action, const Check& check);
  [[nodiscard]] std::uint64_t tried_count() const noexcept { return tried_count_; }
  /// Those of which the action told.
  [[nodiscard]] std::uint64_t failed_count() const noexcept { return failed_count_; }

 private:
  std::optional<std::string> try_one(const SimSystem& disk, const Action& action, const Check& check, std::uint64_t at, int error);

  Stride stride_;
  std::uint64_t tried_count_ = 0;
  std::uint64_t failed_count_ = 0;
};

}  // namespace metamori::test
