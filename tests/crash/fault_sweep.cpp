#include "tests/crash/fault_sweep.hpp"

#include <cerrno>

#include "metamori/error.hpp"
#include "tests/support/fault_system.hpp"

namespace metamori::test {

std::optional<std::string> FaultSweep::run(const SimSystem& disk, const Action& action, const Check& check) {
  std::uint64_t calls = 0;
  {
    const auto copy = disk.copy();
    FaultSystem counting(*copy);
    action(counting);
    calls = counting.count_all();
  }
  const std::uint64_t stride = stride_(calls);
  for (const int error : {EIO, ENOSPC})
    for (std::uint64_t at = 1 + (error == EIO ? 0 : stride / 2); at <= calls; at += stride)
      if (const auto violation = try_one(disk, action, check, at, error))
        return "call " + std::to_string(at) + " of " + std::to_string(calls) + " fails with " + std::to_string(error) + ": " + *violation;
  return std::nullopt;
}

std::optional<std::string> FaultSweep::try_one(const SimSystem& disk, const Action& action, const Check& check, std::uint64_t at,
                                               int error) {
  const auto copy = disk.copy();
  FaultSystem faulty(*copy);
  faulty.set_fault({.at = at, .action = FaultAction::fail, .error = error});
  bool was_done = false;
  try {
    action(faulty);
    was_done = true;
  } catch (const Error& thrown) {
    ++failed_count_;
    if (std::string(thrown.what()).empty()) return "an error without a word";
  }
  ++tried_count_;
  try {
    check(*copy, was_done);
  } catch (const Violation& violation) {
    return violation.what;
  } catch (const Error& thrown) {
    return std::string("an error: ") + thrown.what();
  }
  return std::nullopt;
}

}  // namespace metamori::test
