#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>

namespace metamori {

/// Work that is offered to a pool and done by whoever comes first: a worker, or the thread that needs its result. So that thread never
/// waits for a task that nobody has begun. Thread-safe.
class SharedTask {
 public:
  explicit SharedTask(std::function<void()> work) : work_(std::move(work)) {}
  ~SharedTask() { cancel(); }
  SharedTask(const SharedTask&) = delete;
  SharedTask& operator=(const SharedTask&) = delete;
  /// Does the work unless somebody has begun it. Keeps what it throws for finish().
  void run_if_waiting() noexcept;
  [[nodiscard]] bool is_done() noexcept;
  /// Returns when the work is done, having done it here if need be. Rethrows what it threw.
  void finish();
  /// Returns when nobody is at work on it; nobody will be afterwards.
  void cancel() noexcept;

 private:
  enum class State { waiting, running, done };
  std::mutex mutex_;
  std::condition_variable changed_;
  State state_ = State::waiting;
  std::exception_ptr failure_;
  std::function<void()> work_;
};

/// finish() for the first of `items` (none is null; `task_of` gives an item's task), working along on the others while somebody else is at
/// work on the first.
template <class Items, class TaskOf>
void finish_first(const Items& items, TaskOf task_of) {
  SharedTask& first = task_of(*items.begin());
  for (const auto& item : items) {
    if (first.is_done()) break;
    task_of(item).run_if_waiting();
  }
  first.finish();
}

}  // namespace metamori
