#pragma once

/// \file
/// Progress, stopping and limits of long operations.

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "metamori/export.hpp"

namespace metamori {

/// What a long operation is at.
enum class Phase {
  scan,     ///< the tree is looked at; what changed is read and stored
  store,    ///< what was read is stored (checkpoints store while they scan, and don't tell it apart)
  publish,  ///< the result is made durable and visible (short; not told yet)
  plan,     ///< what a restore has to do is found out
  verify,   ///< content is read and compared with its ids
  stage,    ///< a restore makes new files beside their places
  apply,    ///< a restore puts them in place
  look,     ///< checkpoints are looked through; here they are what is counted as files
  wait,     ///< somebody else has what is needed: Progress::waits_for
};

/// How far a long operation is. Totals are 0 while unknown.
struct Progress {
  Phase phase = Phase::scan;      ///< what it is at
  std::uint64_t files_done = 0;   ///< names that are done, in this phase
  std::uint64_t files_total = 0;  ///< names that there are
  std::uint64_t bytes_done = 0;   ///< bytes that are done, in this phase
  std::uint64_t bytes_total = 0;  ///< bytes that there are
  std::string path;               ///< being worked on, relative to the tree; may be empty
  std::string waits_for = {};     ///< in Phase::wait: what, and who has it
};

/// Told how far an operation is, at most about ten times a second, from any of its threads but never from two at once. Must not call back
/// into the repository, and must not throw.
class METAMORI_API ProgressSink {
 public:
  virtual ~ProgressSink() = default;
  /// Called with what there is to tell; `progress` is gone when it returns.
  virtual void update(const Progress& progress) = 0;
};

/// What the caller of a long operation may say about how it is done. The objects pointed to must outlive the call.
struct Control {
  ProgressSink* progress = nullptr;  ///< told how far it is; may be null
  /// Raised by the caller (a signal handler may) to stop: the operation cleans up and throws `interrupted`. What was stored serves the next
  /// run. May be null.
  const std::atomic<bool>* stop = nullptr;
  /// Bytes of the tree that a scan reads a second at most, on average; 0: no limit.
  std::uint64_t rate_limit_bytes = 0;
  /// Threads; 0: as many as there are processors, at most 16.
  std::uint32_t jobs = 0;
  /// Give up with `timed_out` after this many milliseconds.
  std::optional<std::int64_t> time_limit_ms;
  /// How many milliseconds to wait for a lock or another's pending restore before `locked` or `refused`. Stopping and the time limit end
  /// a wait, too.
  std::int64_t lock_timeout_ms = 0;
};

}  // namespace metamori
