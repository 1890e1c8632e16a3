#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cmd/background_checkpoint.hpp"
#include "cmd/child_process.hpp"
#include "cmd/json_writer.hpp"
#include "cmd/signal_queue.hpp"

namespace metamori::cmd {

struct WatchOptions {
  CheckpointOptions checkpoint;  ///< of each; message and metadata are added to
  bool is_nice = false;          ///< leave processor and disk to the job
  std::int64_t every_ms = 0;
  std::int64_t grace_ms = 0;  ///< how long the job may take to end at SIGTERM until a checkpoint is taken beside it
};

/// The members that a checkpoint has that was made, and one that failed, in JSON.
void write_made(JsonWriter& json, const CheckpointOutcome& outcome);
void write_failure(JsonWriter& json, const Error& error, std::string_view reason);

/// Runs a job with checkpoints beside it. Nothing that goes wrong with a checkpoint harms the job.
class Watch {
 public:
  Watch(Session& session, const WatchOptions& options) : session_(session), options_(options), checkpoint_(session) {}
  /// Returns when the job has ended and the last checkpoint is taken.
  void run(ChildProcess& job, SignalQueue& signals);
  /// All that were taken, or failed.
  [[nodiscard]] const std::vector<CheckpointOutcome>& outcomes() const noexcept { return outcomes_; }

 private:
  using Clock = std::chrono::steady_clock;
  void wait(bool job_has_ended);
  void take_signals(ChildProcess& job);
  void start(std::string reason);
  void note(CheckpointOutcome outcome);
  void tell(const CheckpointOutcome& outcome);
  void tell_event(const CheckpointOutcome& outcome);

  Session& session_;
  const WatchOptions& options_;
  BackgroundCheckpoint checkpoint_;
  SignalQueue* signals_ = nullptr;
  Clock::time_point due_;                   ///< when the next periodic one begins
  std::optional<Clock::time_point> grace_;  ///< when one is taken though the job still runs
  std::vector<CheckpointOutcome> outcomes_;
};

}  // namespace metamori::cmd
