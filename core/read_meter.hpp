#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <utility>

#include "core/capture.hpp"

namespace metamori {

/// Counts what is read of the tree and, if there is a limit, holds readers back so that no more than so many bytes a second are read on
/// average. Thread-safe.
class ReadMeter {
 public:
  /// `bytes_per_second` 0: no limit. `tell` is called after each read, from any thread.
  ReadMeter(System& system, const StopCheck& stop_check, std::uint64_t bytes_per_second, std::function<void()> tell)
      : system_(system), stop_check_(stop_check), limit_(bytes_per_second), started_ns_(system.monotonic_ns()), tell_(std::move(tell)) {}
  /// Told after each read. Sleeps while that was too soon; throws what stopping throws.
  void note(std::uint64_t bytes);
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }

 private:
  System& system_;
  const StopCheck& stop_check_;
  const std::uint64_t limit_;
  const std::int64_t started_ns_;
  const std::function<void()> tell_;
  std::atomic<std::uint64_t> bytes_{0};
};

}  // namespace metamori
