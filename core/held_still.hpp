#pragma once

#include <cstdint>

#include "base/system.hpp"
#include "metamori/pause.hpp"

namespace metamori {

/// Holds writers still from hold() until release(), if the caller gave something that can; in any case no longer than it lives.
class HeldStill {
 public:
  /// `pause` null: nothing is held, and everything below does nothing.
  HeldStill(System& system, Pause* pause) noexcept : system_(system), pause_(pause) {}
  HeldStill(const HeldStill&) = delete;
  HeldStill& operator=(const HeldStill&) = delete;
  ~HeldStill();
  [[nodiscard]] bool can_hold() const noexcept { return pause_ != nullptr; }
  [[nodiscard]] bool is_holding() const noexcept { return is_holding_; }
  /// Steady clock: nothing was written by those who are held after this.
  [[nodiscard]] std::int64_t since_ns() const noexcept { return since_ns_; }
  /// How long it held, all times together.
  [[nodiscard]] double seconds() const noexcept { return static_cast<double>(held_ns_) / 1e9; }
  /// Not while it holds. Throws what Pause::begin() throws.
  void hold();
  /// Throws timed_out if it did not hold until now. Nothing if it does not hold.
  void release();

 private:
  System& system_;
  Pause* pause_;
  bool is_holding_ = false;
  std::int64_t asked_ns_ = 0, since_ns_ = 0, held_ns_ = 0;
};

}  // namespace metamori
