#pragma once

// A process of its own that lets paused processes go on, whatever becomes of the one that paused them.

#include <sys/types.h>

#include <cstdint>

namespace metamori {

class Resumer {
 public:
  /// Starts it. What is added goes on at the latest `max_ms` from now. `freeze`: a descriptor of the file `cgroup.freeze` of a group to be
  /// thawed then, or -1; it is duplicated. Throws io.
  Resumer(int freeze, std::int64_t max_ms);
  ~Resumer();
  Resumer(const Resumer&) = delete;
  Resumer& operator=(const Resumer&) = delete;
  /// Before `pid` is stopped. Throws io if the resumer is gone, as when the time is over.
  void add(pid_t pid);
  /// Everything goes on. Whether it was paused until now.
  bool resume() noexcept;

 private:
  int socket_ = -1;
};

}  // namespace metamori
