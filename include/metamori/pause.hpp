#pragma once

/// \file
/// Holding still what writes to the tree while a checkpoint captures it.

#include <cstdint>
#include <memory>
#include <string>

#include "metamori/export.hpp"

namespace metamori {

/// Keeps everything that writes to the tree still while it is captured, so that all files in a checkpoint are of one instant. Given to
/// CheckpointOptions::pause. A program that checkpoints its own files may derive from it and stop its own writers.
class METAMORI_API Pause {
 public:
  virtual ~Pause() = default;
  /// Called before the tree is looked at: on return nothing writes to it any more. What it throws, the checkpoint throws. May be called
  /// again after end(), if the tree has to be looked at once more.
  virtual void begin() = 0;
  /// Called when everything is captured, or kept by copies that nobody else can write to, or that was given up. Returns whether nothing
  /// could write since begin(): if not, the checkpoint throws timed_out.
  virtual bool end() noexcept = 0;
};

/// Stops (SIGSTOP) a process and all that descend from it, but not the calling process and what descends from that, and lets them go on
/// (SIGCONT) afterwards. They go on in any case: also when this process is killed, or after `max_ms` milliseconds, by a process of its own
/// that is started for this. What was stopped before stays so. begin() throws usage if there is no such process, refused if it may not be
/// stopped, timed_out if it does not come to a halt within `max_ms`.
METAMORI_API std::unique_ptr<Pause> pause_process_tree(std::int64_t pid, std::int64_t max_ms);

/// The same with the freezer of a control group (cgroup v2): everything in it and below, processes that left their parents too. `path`: its
/// directory, absolute or relative to where cgroup v2 is mounted. begin() throws usage if there is no such group or the calling process is
/// in it.
METAMORI_API std::unique_ptr<Pause> pause_cgroup(const std::string& path, std::int64_t max_ms);

}  // namespace metamori
