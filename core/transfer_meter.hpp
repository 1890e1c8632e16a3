#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <string_view>

#include "base/system.hpp"
#include "metamori/control.hpp"

namespace metamori {

/// How far it is with what is carried from one place to another, and whether to stop it. Thread-safe; tells the sink at most ten times a
/// second.
class TransferMeter {
 public:
  /// `what` it is, for messages: `copy`.
  TransferMeter(System& system, const Control& control, std::string what);
  /// Counts from 0 again for the sink. Totals are 0 where they are not known.
  void begin(Phase phase, std::uint64_t files_total, std::uint64_t bytes_total);
  /// `path` empty: it has none to be shown.
  void add_file(std::string_view path = {});
  void add_bytes(std::uint64_t count);
  /// Throws interrupted or timed_out when the caller wants an end. After the point of no return nobody asks any more.
  void check_stop() const;
  /// From now on check_stop() lets everything pass.
  void ignore_stop() noexcept { may_stop_ = false; }
  /// In all phases together.
  [[nodiscard]] std::uint64_t bytes() const noexcept { return all_bytes_; }
  /// Since it was made.
  [[nodiscard]] double seconds() const;

 private:
  void tell(std::string_view path);

  System& system_;
  const Control& control_;
  const std::string what_;
  std::int64_t started_ns_;
  std::atomic<bool> may_stop_{true};
  std::atomic<std::uint64_t> files_{0}, bytes_{0}, all_bytes_{0};
  std::atomic<std::int64_t> next_tell_ns_{0};
  std::mutex mutex_;
  Progress progress_;
};

}  // namespace metamori
