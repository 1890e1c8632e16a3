#include "cmd/watch.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>

#include "cmd/checkpoint_manner.hpp"
#include "cmd/exit_codes.hpp"
#include "cmd/json_render.hpp"

namespace metamori::cmd {
namespace {

/// Anybody may find the checkpoints that a watch made by it.
constexpr const char* kReasonKey = "Watch";

/// What a key of the terminal makes, its whole process group gets. That it is gone, only the leader of its session is told.
bool has_reached_job(const SignalQueue::Signal& signal) noexcept {
  return signal.is_from_kernel && !(signal.number == SIGHUP && ::getsid(0) == ::getpid());
}

}  // namespace

void write_made(JsonWriter& json, const CheckpointOutcome& outcome) {
  write_name(json, outcome.report->checkpoint);
  json.field("reason", std::string_view(outcome.reason)).field("has_losses", outcome.report->has_losses());
}

void write_failure(JsonWriter& json, const Error& error, std::string_view reason) {
  write_cause(json, error);
  json.field("reason", reason);
}

void Watch::run(ChildProcess& job, SignalQueue& signals) {
  signals_ = &signals;
  const auto every = std::chrono::milliseconds(options_.every_ms);
  due_ = Clock::now() + every;
  while (!job.poll()) {
    wait(false);
    take_signals(job);
    const Clock::time_point now = Clock::now();
    if (checkpoint_.is_running() || job.poll()) continue;
    if (grace_ && now >= *grace_) {
      grace_.reset();
      start("signal");
    } else if (now >= due_) {
      // Counted from the beginning of the last one; those that were missed are not made up for.
      due_ = now + every;
      start("periodic");
    }
  }
  // One that runs is not stopped: the last one will cost less for it.
  while (checkpoint_.is_running()) {
    wait(true);
    take_signals(job);
  }
  start(job.signal() != 0 ? "signal " + std::to_string(job.signal()) : "exit " + std::to_string(job.exit_code()));
  while (checkpoint_.is_running()) {
    wait(true);
    take_signals(job);
  }
}

/// Until something happens, or is due. A checkpoint that has ended is told of.
void Watch::wait(bool job_has_ended) {
  std::int64_t timeout_ms = -1;
  if (!checkpoint_.is_running() && !job_has_ended) {
    const Clock::time_point next = grace_ ? std::min(due_, *grace_) : due_;
    timeout_ms = std::max<std::int64_t>(0, std::chrono::ceil<std::chrono::milliseconds>(next - Clock::now()).count());
  }
  std::array<pollfd, 2> watched{{{signals_->descriptor(), POLLIN, 0}, {checkpoint_.descriptor(), POLLIN, 0}}};
  ::poll(watched.data(), watched.size(), static_cast<int>(std::min<std::int64_t>(timeout_ms, 86'400'000)));
  if ((watched[1].revents & POLLIN) != 0) note(checkpoint_.take());
}

void Watch::take_signals(ChildProcess& job) {
  while (const auto signal = signals_->take()) {
    if (signal->number == SIGCHLD) continue;
    const bool ends = signal->number == SIGTERM || signal->number == SIGINT || signal->number == SIGHUP;
    if (job.poll()) {
      // The job is over: it is the last checkpoint that is to end.
      if (ends) checkpoint_.stop();
      continue;
    }
    if (!has_reached_job(*signal)) job.send(signal->number);
    if (signal->number == SIGTERM && !grace_) grace_ = Clock::now() + std::chrono::milliseconds(options_.grace_ms);
  }
}

void Watch::start(std::string reason) {
  CheckpointOptions options = options_.checkpoint;
  options.skip_if_unchanged = true;
  options.skip_if_running = reason == "periodic";  // somebody else does what this one is for
  if (options.message.empty()) options.message = "watch: " + reason;
  options.metadata.emplace_back(kReasonKey, reason);
  try {
    checkpoint_.start(std::move(options), reason, options_.is_nice);
  } catch (const std::exception& error) {
    note({reason, std::nullopt, Error(ErrorKind::io, std::string("start a thread: ") + error.what())});
  }
}

void Watch::note(CheckpointOutcome outcome) {
  if (outcome.error) outcome.error = with_hint(*outcome.error, "checkpoint");
  outcomes_.push_back(std::move(outcome));
  try {
    tell(outcomes_.back());
    session_.err.flush();
  } catch (const std::exception&) {
    // Nobody can be told, as on a full disk or when a terminal is gone. The job has to go on all the same.
  }
}

void Watch::tell_event(const CheckpointOutcome& outcome) {
  if (outcome.report && !outcome.report->created) return;
  JsonReport json(session_, "event");
  const char* what = outcome.error ? "failure" : "checkpoint";
  json->field("event", what).key(what).begin_object();
  if (outcome.error) {
    write_failure(*json, *outcome.error, outcome.reason);
  } else {
    write_made(*json, outcome);
  }
  json->end_object();
  json.end();
  session_.out.flush();
}

void Watch::tell(const CheckpointOutcome& outcome) {
  if (session_.common.json_lines) tell_event(outcome);
  if (outcome.error) {
    session_.warn("no checkpoint (" + outcome.reason + "): " + outcome.error->what());
    if (!outcome.error->hint().empty()) session_.note("metamori: hint: " + outcome.error->hint());
    return;
  }
  print_verdicts(session_, *outcome.report);
  if (outcome.report->created || session_.common.verbose)
    session_.note(fmt::format("metamori: {} ({})", checkpoint_summary(session_, *outcome.report, false), outcome.reason));
}

}  // namespace metamori::cmd
