#pragma once

// Locks are a courtesy between processes: correctness never rests on them (docs/design.md, *Locks*). They are held by the kernel (flock),
// so they die with their owner, and are never broken by age.

#include <optional>
#include <string>

#include "core/engine.hpp"

namespace metamori {

/// Held until destroyed.
class Lock {
 public:
  /// Takes `name` (a file in `locks/`) shared or exclusively; waits as long as `control` lets it, and tells that it waits. Throws `locked`,
  /// naming host, pid and since when the holder has it, when it can't be had; what Wait throws. Where the file system has no locks the
  /// result is not `held()`.
  Lock(Engine& engine, const std::string& name, LockMode mode, const Control& control);
  [[nodiscard]] bool held() const noexcept { return file_.is_open(); }
  /// It is not held because its file could not be made: the disk is full.
  [[nodiscard]] bool lacks_room() const noexcept { return lacks_room_; }
  /// Makes a lock that is held exclusively a shared one. False if somebody else took it just then, exclusively: it is no longer held.
  [[nodiscard]] bool share();

 private:
  System* system_ = nullptr;
  Fd file_;
  bool lacks_room_ = false;
};

inline constexpr const char* kCheckpointLock = "checkpoint";  ///< shared by every checkpoint, for those that ask whether there is one
inline constexpr const char* kGcLock = "gc";                  ///< shared by every writer, exclusive for gc
inline constexpr const char* kTreeLock = "tree";              ///< exclusive while a restore changes the tree

/// The gc lock as writers take it: shared, waiting for a gc that runs for up to ten minutes even if nobody said to wait (or as long as
/// `control` says, if that is longer; never longer than its time limit). Throws locked, interrupted.
Lock take_writer_lock(Engine& engine, const Control& control);

}  // namespace metamori
