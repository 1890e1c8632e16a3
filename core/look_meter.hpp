#pragma once

#include "base/system.hpp"
#include "metamori/control.hpp"

namespace metamori {

/// How far a long look is, and whether to stop it. For one thread; tells the sink at most ten times a second.
class LookMeter {
 public:
  /// `total`: how many steps there will be.
  LookMeter(System& system, const Control& control, std::uint64_t total);
  /// One step is done.
  void step();
  /// Throws interrupted or timed_out when the caller wants an end.
  void check_stop() const;

 private:
  System& system_;
  const Control& control_;
  std::int64_t started_ns_;
  std::int64_t next_tell_ns_ = 0;
  Progress progress_;
};

}  // namespace metamori
