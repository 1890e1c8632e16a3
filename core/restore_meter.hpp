#pragma once

// What all parts of a restore share while it runs: how far it is and whether to stop, and what could not be brought back exactly.

#include <mutex>
#include <string>
#include <vector>

#include "core/transfer_meter.hpp"
#include "metamori/restore.hpp"

namespace metamori {

/// Collects warnings from any thread.
class WarningList {
 public:
  void add(std::string path, std::string message);
  /// All of them, sorted by path.
  std::vector<RestoreWarning> take();

 private:
  std::mutex mutex_;
  std::vector<RestoreWarning> warnings_;
};

/// Threads to use: as asked, or one for each processor, at most 16.
std::size_t restore_job_count(const Control& control) noexcept;

}  // namespace metamori
