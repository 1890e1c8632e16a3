#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <thread>

#include "cmd/session.hpp"

namespace metamori::cmd {

/// How a checkpoint ended that was taken while something else went on.
struct CheckpointOutcome {
  std::string reason;                      ///< why it was taken
  std::optional<CheckpointReport> report;  ///< if it succeeded
  std::optional<Error> error;              ///< if it did not
};

/// Takes checkpoints in a thread of its own, one at a time.
class BackgroundCheckpoint {
 public:
  explicit BackgroundCheckpoint(Session& session);
  BackgroundCheckpoint(const BackgroundCheckpoint&) = delete;
  BackgroundCheckpoint& operator=(const BackgroundCheckpoint&) = delete;
  ~BackgroundCheckpoint();
  [[nodiscard]] bool is_running() const noexcept { return thread_.joinable(); }
  /// None may be running. Each opens the repository anew, so that one that was replaced meanwhile is found. `is_nice`: only its threads
  /// are.
  void start(CheckpointOptions options, std::string reason, bool is_nice);
  /// Becomes readable when it has ended.
  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
  /// Waits for the end.
  CheckpointOutcome take();
  /// Asks the one that is running to stop.
  void stop() noexcept { stop_ = true; }

 private:
  OpenOptions open_;
  std::atomic<bool> stop_{false};
  int descriptor_ = -1;
  CheckpointOutcome outcome_;
  std::thread thread_;
};

}  // namespace metamori::cmd
