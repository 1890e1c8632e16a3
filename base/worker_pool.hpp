#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace metamori {

/// A fixed number of threads that run tasks. Tasks may submit further tasks; those of one thread run last in, first out (so a walk goes
/// deep before it goes wide and the queue stays short), idle threads take the oldest of others. With one worker everything runs on the
/// thread that waits, in a fixed order: deterministic.
class WorkerPool {
 public:
  /// `worker_count` >= 1.
  explicit WorkerPool(std::size_t worker_count);
  ~WorkerPool();  ///< waits for running tasks, drops those not started
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;
  [[nodiscard]] std::size_t worker_count() const noexcept;
  /// May be called from any thread, also from a task.
  void submit(std::function<void()> task);
  /// Returns when no task is left; the calling thread helps. If tasks threw, the rest is dropped and the first exception is rethrown here.
  void wait();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace metamori
