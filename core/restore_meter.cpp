#include "core/restore_meter.hpp"

#include <algorithm>
#include <thread>

#include "metamori/error.hpp"

namespace metamori {
namespace {

constexpr std::int64_t kTellEveryNs = 100'000'000;
constexpr std::int64_t kNsPerMs = 1'000'000;
constexpr std::size_t kMaxJobs = 16;

}  // namespace

void WarningList::add(std::string path, std::string message) {
  const std::lock_guard guard(mutex_);
  warnings_.push_back({std::move(path), std::move(message)});
}

std::vector<RestoreWarning> WarningList::take() {
  const std::lock_guard guard(mutex_);
  std::stable_sort(warnings_.begin(), warnings_.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  return std::move(warnings_);
}

RestoreMeter::RestoreMeter(System& system, const Control& control)
    : system_(system), control_(control), started_ns_(system.monotonic_ns()) {}

void RestoreMeter::begin(Phase phase, std::uint64_t files_total, std::uint64_t bytes_total) {
  const std::lock_guard guard(mutex_);
  progress_ = {phase, 0, files_total, 0, bytes_total, {}};
  files_ = 0;
  bytes_ = 0;
}

void RestoreMeter::add_file(std::string_view path) {
  ++files_;
  tell(path);
}

void RestoreMeter::add_bytes(std::uint64_t count) {
  bytes_ += count;
  bytes_written_ += count;
  tell({});
}

void RestoreMeter::tell(std::string_view path) {
  if (control_.progress == nullptr) return;
  const std::int64_t now = system_.monotonic_ns();
  std::int64_t due = next_tell_ns_;
  if (now < due || !next_tell_ns_.compare_exchange_strong(due, now + kTellEveryNs)) return;
  const std::lock_guard guard(mutex_);
  progress_.files_done = files_;
  progress_.bytes_done = bytes_;
  if (!path.empty()) progress_.path = path;
  control_.progress->update(progress_);
}

void RestoreMeter::check_stop() const {
  if (!may_stop_) return;
  if (control_.stop != nullptr && *control_.stop) throw Error(ErrorKind::interrupted, "restore: interrupted");
  if (control_.time_limit_ms && system_.monotonic_ns() - started_ns_ > *control_.time_limit_ms * kNsPerMs)
    throw Error(ErrorKind::timed_out, "restore: the time limit passed");
}

std::size_t restore_job_count(const Control& control) noexcept {
  if (control.jobs > 0) return control.jobs;
  return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, kMaxJobs);
}

}  // namespace metamori
