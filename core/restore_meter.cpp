#include "core/restore_meter.hpp"

#include <algorithm>
#include <thread>

namespace metamori {
namespace {

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

std::size_t restore_job_count(const Control& control) noexcept {
  if (control.jobs > 0) return control.jobs;
  return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, kMaxJobs);
}

}  // namespace metamori
