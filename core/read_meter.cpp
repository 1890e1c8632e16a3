#include "core/read_meter.hpp"

#include <algorithm>

namespace metamori {
namespace {

constexpr double kNsPerSecond = 1e9;
constexpr std::int64_t kLongestSleepNs = 100'000'000;  ///< so that stopping does not wait long

}  // namespace

void ReadMeter::note(std::uint64_t bytes) {
  const std::uint64_t total = bytes_.fetch_add(bytes) + bytes;
  tell_();
  if (limit_ == 0) return;
  const std::int64_t due_ns =
      started_ns_ + static_cast<std::int64_t>(static_cast<double>(total) / static_cast<double>(limit_) * kNsPerSecond);
  for (std::int64_t now = system_.monotonic_ns(); now < due_ns; now = system_.monotonic_ns()) {
    stop_check_();
    system_.sleep_ns(std::min(due_ns - now, kLongestSleepNs));
  }
}

}  // namespace metamori
