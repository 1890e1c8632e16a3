#include "core/transfer_meter.hpp"

#include <utility>

#include "metamori/error.hpp"

namespace metamori {
namespace {

constexpr std::int64_t kTellEveryNs = 100'000'000;
constexpr std::int64_t kNsPerMs = 1'000'000;
constexpr double kNsPerSecond = 1e9;

}  // namespace

TransferMeter::TransferMeter(System& system, const Control& control, std::string what)
    : system_(system), control_(control), what_(std::move(what)), started_ns_(system.monotonic_ns()) {}

void TransferMeter::begin(Phase phase, std::uint64_t files_total, std::uint64_t bytes_total) {
  const std::lock_guard lock(mutex_);
  progress_ = {phase, 0, files_total, 0, bytes_total, {}};
  files_ = 0;
  bytes_ = 0;
}

void TransferMeter::add_file(std::string_view path) {
  ++files_;
  tell(path);
}

void TransferMeter::add_bytes(std::uint64_t count) {
  bytes_ += count;
  all_bytes_ += count;
  tell({});
}

void TransferMeter::tell(std::string_view path) {
  if (control_.progress == nullptr) return;
  const std::int64_t now = system_.monotonic_ns();
  std::int64_t due = next_tell_ns_;
  if (now < due || !next_tell_ns_.compare_exchange_strong(due, now + kTellEveryNs)) return;
  const std::lock_guard lock(mutex_);
  progress_.files_done = files_;
  progress_.bytes_done = bytes_;
  if (!path.empty()) progress_.path = path;
  control_.progress->update(progress_);
}

void TransferMeter::check_stop() const {
  if (!may_stop_) return;
  if (control_.stop != nullptr && *control_.stop) throw Error(ErrorKind::interrupted, what_ + ": interrupted");
  if (control_.time_limit_ms && system_.monotonic_ns() - started_ns_ > *control_.time_limit_ms * kNsPerMs)
    throw Error(ErrorKind::timed_out, what_ + ": the time limit passed");
}

double TransferMeter::seconds() const { return static_cast<double>(system_.monotonic_ns() - started_ns_) / kNsPerSecond; }

}  // namespace metamori
