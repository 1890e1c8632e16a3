#include "core/look_meter.hpp"

#include "metamori/error.hpp"

namespace metamori {
namespace {

constexpr std::int64_t kTellEveryNs = 100'000'000;
constexpr std::int64_t kNsPerMs = 1'000'000;

}  // namespace

LookMeter::LookMeter(System& system, const Control& control, std::uint64_t total)
    : system_(system), control_(control), started_ns_(system.monotonic_ns()) {
  progress_.phase = Phase::look;
  progress_.files_total = total;
}

void LookMeter::step() {
  ++progress_.files_done;
  if (control_.progress == nullptr) return;
  const std::int64_t now = system_.monotonic_ns();
  if (now < next_tell_ns_) return;
  next_tell_ns_ = now + kTellEveryNs;
  control_.progress->update(progress_);
}

void LookMeter::check_stop() const {
  if (control_.stop != nullptr && *control_.stop) throw Error(ErrorKind::interrupted, "stopped as asked");
  if (control_.time_limit_ms && system_.monotonic_ns() - started_ns_ > *control_.time_limit_ms * kNsPerMs)
    throw Error(ErrorKind::timed_out, "it took longer than it may");
}

}  // namespace metamori
