#pragma once

#include <atomic>
#include <mutex>
#include <string>

#include "base/system.hpp"
#include "metamori/control.hpp"

namespace metamori {

/// How far it is with what is carried from one place to another, and whether to stop it. Thread-safe; tells the sink at most ten times a
/// second.
class TransferMeter {
 public:
  /// `what` it is, for messages: `copy`.
  TransferMeter(System& system, const Control& control, std::string what);
  /// What is counted as files: how many of them there will be; 0 if it is not known.
  void begin(std::uint64_t files_total, std::uint64_t bytes_total = 0);
  void add_file();
  void add_bytes(std::uint64_t count);
  /// Throws interrupted or timed_out when the caller wants an end.
  void check_stop() const;
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
  [[nodiscard]] double seconds() const;

 private:
  void tell();

  System& system_;
  const Control& control_;
  const std::string what_;
  std::int64_t started_ns_;
  std::atomic<std::uint64_t> files_{0}, bytes_{0};
  std::atomic<std::int64_t> next_tell_ns_{0};
  std::mutex mutex_;
  Progress progress_;
};

}  // namespace metamori
