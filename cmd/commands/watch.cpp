#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <system_error>

#include "cmd/checkpoint_manner.hpp"
#include "cmd/commands.hpp"
#include "cmd/exit_codes.hpp"
#include "cmd/json_render.hpp"
#include "cmd/watch.hpp"

namespace metamori::cmd {
namespace {

constexpr std::int64_t kEveryMs = 600'000;
constexpr std::int64_t kGraceMs = 10'000;
constexpr int kExitNotFound = 127;     ///< as env and shells
constexpr int kExitNotRunnable = 126;  ///< as env and shells

class WatchCommand final : public Command {
 public:
  void describe(Options& options) override {
    options.after_dashes("CMD", words_, "The job, and its arguments");
    options.duration("--every", every_ms_, "Take a checkpoint every so often (default: 10m)");
    options.duration("--grace", grace_ms_, "At SIGTERM, take one after so long even if CMD still runs (default: 10s)");
    describe_checkpoint_manner(options, manner_);
  }

  int run(Session& session) override {
    if (words_.empty()) throw Error(ErrorKind::usage, "missing CMD", "write it after '--': metamori watch -- ./simulate");
    if (every_ms_ && *every_ms_ <= 0) Options::throw_bad_value("--every", "0", "a duration longer than nothing");
    complete_checkpoint_manner(session, manner_);
    // What is wrong from the start is told before the job begins.
    static_cast<void>(session.open());
    WatchOptions options;
    options.checkpoint = manner_.checkpoint;
    options.checkpoint.control.jobs = session.common.jobs;
    options.checkpoint.control.lock_timeout_ms = session.common.lock_timeout_ms.value_or(0);
    limit_checkpoint(manner_, options.checkpoint.control);
    options.is_nice = manner_.is_nice;
    options.every_ms = every_ms_.value_or(kEveryMs);
    options.grace_ms = grace_ms_.value_or(kGraceMs);
    SignalQueue signals({SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGCHLD}, {SIGUSR1, SIGCHLD});
    session.err.flush();
    int error = 0;
    std::optional<ChildProcess> job = ChildProcess::start(words_, session.json() ? STDERR_FILENO : STDOUT_FILENO, error);
    if (!job) return tell_not_started(session, error);
    Watch watch(session, options);
    watch.run(*job, signals);
    if (session.json()) write_json(session, *job, watch.outcomes());
    return job->exit_code();
  }

 private:
  [[nodiscard]] int tell_not_started(Session& session, int error) const {
    const std::string message = "start " + session.quote(words_.front()) + ": " + std::generic_category().message(error);
    const int code = error == ENOENT ? kExitNotFound : kExitNotRunnable;
    if (session.json()) {
      JsonReport json(session, "watch");
      json->field("exit_code", code).key("signal").null().key("checkpoints").begin_array().end_array();
      json->key("failures").begin_array().begin_object();
      write_failure(*json, Error(ErrorKind::io, message, {}, words_.front()), "start");
      json->end_object().end_array();
      json.end();
    } else {
      session.warn(message);
    }
    return code;
  }

  static void write_json(Session& session, const ChildProcess& job, const std::vector<CheckpointOutcome>& outcomes) {
    JsonReport json(session, "watch");
    json->field("exit_code", job.exit_code()).key("signal");
    if (job.signal() != 0) {
      json->number(static_cast<std::int64_t>(job.signal()));
    } else {
      json->null();
    }
    json->key("checkpoints").begin_array();
    for (const CheckpointOutcome& outcome : outcomes) {
      if (!outcome.report || !outcome.report->created) continue;
      json->begin_object();
      write_made(*json, outcome);
      json->end_object();
    }
    json->end_array().key("failures").begin_array();
    for (const CheckpointOutcome& outcome : outcomes) {
      if (!outcome.error) continue;
      json->begin_object();
      write_failure(*json, *outcome.error, outcome.reason);
      json->end_object();
    }
    json->end_array();
    json.end();
  }

  CheckpointManner manner_;
  std::vector<std::string> words_;
  std::optional<std::int64_t> every_ms_;
  std::optional<std::int64_t> grace_ms_;
};

}  // namespace

std::unique_ptr<Command> make_watch() { return std::make_unique<WatchCommand>(); }

}  // namespace metamori::cmd
