#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/system.hpp"
#include "metamori/control.hpp"

namespace metamori {

/// Waiting for what somebody else has, by trying again and again: as long as the caller's Control lets it, told as Phase::wait. For one
/// thread.
class Wait {
 public:
  /// `describe` tells what is waited for, and who has it; it is asked when there is something to tell.
  Wait(System& system, const Control& control, std::function<std::string()> describe);
  /// Sleeps before the next try. Returns false without sleeping once Control::lock_timeout_ms has passed. Throws interrupted, timed_out.
  bool pause();

 private:
  void tell(std::int64_t now);

  System& system_;
  const Control& control_;
  std::function<std::string()> describe_;
  std::int64_t started_ns_;
  std::int64_t pause_ns_;
  std::int64_t next_tell_ns_;
};

}  // namespace metamori
