#pragma once

// What lets writers go on before their files are read. While the tree is held still, a large file's content is kept by a reflink copy
// (FICLONE) in a file without a name: that shares the blocks, costs milliseconds whatever the size, and is gone with its descriptor,
// however this process ends. When everything has been looked at the writers are let go, and then the copies are read.
//
// A copy counts only with the proof that any capture needs (core/capture.hpp), with the copying in place of the reading: fstat a, clean the
// pages, copy, fstat b. It must be wholly proved by times: a file whose last change is so recent that times tell nothing is waited for,
// once a pause and no longer than a tick, as those who are held change it no more; on file systems whose times are not trusted none is
// taken. Where there is no copy, for whatever reason, the file is read at once.

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "base/files.hpp"
#include "base/worker_pool.hpp"

namespace metamori {

/// The copies that one pass over the tree takes. Thread-safe but for read_all().
class Clones {
 public:
  /// `directory`: an open one, on the file system of the files; must stay open. `still_since_ns`: as HeldStill tells.
  Clones(System& system, int directory, std::int64_t still_since_ns)
      : system_(system), directory_(directory), still_since_ns_(still_since_ns) {}
  /// Whether a copy is worth it, and one could be had.
  [[nodiscard]] bool want(const FileStat& stat) const;
  /// A copy of the open file `file`; null if none can be had.
  std::shared_ptr<const Fd> take(int file, const FileStat& stat);
  /// Waits until times of before the pause tell, as far as is_racy() goes. False, at once, if so many bytes are read sooner.
  [[nodiscard]] bool let_tick_pass(std::uint64_t bytes) const;
  /// What reads a copy, and is glad to do so when the writers go on.
  void add_reader(std::function<void()> read);
  [[nodiscard]] std::size_t reader_count() const;
  /// In all that were taken.
  [[nodiscard]] std::uint64_t bytes() const;
  /// Runs all readers. What they throw is rethrown.
  void read_all(WorkerPool& pool);

 private:
  [[nodiscard]] bool has_room(std::uint64_t bytes) const;

  System& system_;
  int directory_;
  std::int64_t still_since_ns_;
  mutable std::mutex mutex_;
  bool are_possible_ = true;
  std::size_t taken_count_ = 0;
  std::uint64_t taken_bytes_ = 0;
  std::vector<std::function<void()>> readers_;
};

}  // namespace metamori
