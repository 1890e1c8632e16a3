#include "core/wait.hpp"

#include <algorithm>
#include <utility>

#include "metamori/error.hpp"

namespace metamori {
namespace {

constexpr std::int64_t kNsPerMs = 1'000'000;
constexpr std::int64_t kFirstPauseNs = kNsPerMs;
constexpr std::int64_t kLongestPauseNs = 100 * kNsPerMs;  ///< so that stopping does not wait long
constexpr std::int64_t kFirstTellNs = 100 * kNsPerMs;     ///< what is over sooner is not worth telling
constexpr std::int64_t kTellEveryNs = 1000 * kNsPerMs;    ///< describing may mean reading a file

}  // namespace

Wait::Wait(System& system, const Control& control, std::function<std::string()> describe)
    : system_(system),
      control_(control),
      describe_(std::move(describe)),
      started_ns_(system.monotonic_ns()),
      pause_ns_(kFirstPauseNs),
      next_tell_ns_(started_ns_ + kFirstTellNs) {}

bool Wait::pause() {
  const std::int64_t now = system_.monotonic_ns();
  const std::int64_t left = control_.lock_timeout_ms * kNsPerMs - (now - started_ns_);
  if (left <= 0) return false;
  if (control_.stop != nullptr && *control_.stop) throw Error(ErrorKind::interrupted, "interrupted while waiting for " + describe_());
  if (control_.time_limit_ms && now - started_ns_ > *control_.time_limit_ms * kNsPerMs)
    throw Error(ErrorKind::timed_out, "the time limit passed while waiting for " + describe_());
  tell(now);
  system_.sleep_ns(std::min(pause_ns_, left));
  pause_ns_ = std::min(2 * pause_ns_, kLongestPauseNs);
  return true;
}

void Wait::tell(std::int64_t now) {
  if (control_.progress == nullptr || now < next_tell_ns_) return;
  next_tell_ns_ = now + kTellEveryNs;
  Progress progress;
  progress.phase = Phase::wait;
  progress.waits_for = describe_();
  control_.progress->update(progress);
}

}  // namespace metamori
