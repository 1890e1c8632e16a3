#pragma once

// What all parts of a restore share while it runs: how far it is, whether to stop, and what could not be brought back exactly.

#include <atomic>
#include <mutex>
#include <string>
#include <vector>

#include "base/system.hpp"
#include "metamori/restore.hpp"

namespace metamori {

/// Collects warnings from any thread.
class WarningList {
 public:
  void add(std::string path, std::string message);
  /// All of them, sorted by path.
  std::vector<RestoreWarning> take();

 private:
  std::mutex mutex_;
  std::vector<RestoreWarning> warnings_;
};

/// Thread-safe. Tells the sink at most ten times a second.
class RestoreMeter {
 public:
  RestoreMeter(System& system, const Control& control);
  void begin(Phase phase, std::uint64_t files_total, std::uint64_t bytes_total);
  void add_file(std::string_view path);
  void add_bytes(std::uint64_t count);
  /// Throws interrupted or timed_out when the caller wants an end. After the point of no return nobody asks any more.
  void check_stop() const;
  /// From now on check_stop() lets everything pass.
  void ignore_stop() noexcept { may_stop_ = false; }
  [[nodiscard]] std::uint64_t bytes_written() const noexcept { return bytes_written_; }

 private:
  void tell(std::string_view path);

  System& system_;
  const Control& control_;
  std::int64_t started_ns_;
  std::atomic<bool> may_stop_{true};
  std::atomic<std::uint64_t> files_{0}, bytes_{0}, bytes_written_{0};
  std::atomic<std::int64_t> next_tell_ns_{0};
  std::mutex mutex_;
  Progress progress_;
};

/// Threads to use: as asked, or one for each processor, at most 16.
std::size_t restore_job_count(const Control& control) noexcept;

}  // namespace metamori
