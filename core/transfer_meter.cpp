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
    : system_(system), control_(control), what_(std::move(what)), started_ns_(system.monotonic_ns()) {
  progress_.phase = Phase::store;
}

void TransferMeter::begin(std::uint64_t files_total, std::uint64_t bytes_total) {
  const std::lock_guard lock(mutex_);
  progress_.files_total = files_total;
  progress_.bytes_total = bytes_total;
}

void TransferMeter::add_file() {
  ++files_;
  tell();
}

void TransferMeter::add_bytes(std::uint64_t count) {
  bytes_ += count;
  tell();
}

void TransferMeter::tell() {
  if (control_.progress == nullptr) return;
  const std::int64_t now = system_.monotonic_ns();
  std::int64_t due = next_tell_ns_;
  if (now < due || !next_tell_ns_.compare_exchange_strong(due, now + kTellEveryNs)) return;
  const std::lock_guard lock(mutex_);
  progress_.files_done = files_;
  progress_.bytes_done = bytes_;
  control_.progress->update(progress_);
}

void TransferMeter::check_stop() const {
  if (control_.stop != nullptr && *control_.stop) throw Error(ErrorKind::interrupted, what_ + ": interrupted");
  if (control_.time_limit_ms && system_.monotonic_ns() - started_ns_ > *control_.time_limit_ms * kNsPerMs)
    throw Error(ErrorKind::timed_out, what_ + ": the time limit passed");
}

double TransferMeter::seconds() const { return static_cast<double>(system_.monotonic_ns() - started_ns_) / kNsPerSecond; }

}  // namespace metamori
