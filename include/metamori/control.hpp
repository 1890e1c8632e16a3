#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "metamori/export.hpp"

namespace metamori {

enum class Phase { scan, store, publish, plan, verify, stage, apply };

/// How far a long operation is. Totals are 0 while unknown.
struct Progress {
  Phase phase = Phase::scan;
  std::uint64_t files_done = 0;
  std::uint64_t files_total = 0;
  std::uint64_t bytes_done = 0;
  std::uint64_t bytes_total = 0;
  std::string path;  ///< being worked on, relative to the tree; may be empty
};

/// Told how far an operation is, at most about ten times a second, from any of its threads but never from two at once. Must not call back
/// into the repository.
class METAMORI_API ProgressSink {
 public:
  virtual ~ProgressSink() = default;
  virtual void update(const Progress& progress) = 0;
};

/// What the caller of a long operation may say about how it is done. The objects pointed to must outlive the call.
struct Control {
  ProgressSink* progress = nullptr;
  /// Raised by the caller (a signal handler may) to stop: the operation cleans up and throws `interrupted`. What was stored serves the next
  /// run.
  const std::atomic<bool>* stop = nullptr;
  /// Threads; 0: as many as there are processors, at most 16.
  std::uint32_t jobs = 0;
  /// Give up with `timed_out` after this long.
  std::optional<std::int64_t> time_limit_ms;
  /// How long to wait for a lock or another's pending restore before `locked`.
  std::int64_t lock_timeout_ms = 0;
};

}  // namespace metamori
