#include "core/shared_task.hpp"

namespace metamori {

void SharedTask::run_if_waiting() noexcept {
  {
    const std::lock_guard lock(mutex_);
    if (state_ != State::waiting) return;
    state_ = State::running;
  }
  std::exception_ptr caught;
  try {
    work_();
  } catch (...) {
    caught = std::current_exception();  // rethrown where the task is joined
  }
  const std::lock_guard lock(mutex_);
  failure_ = caught;
  state_ = State::done;
  changed_.notify_all();
}

bool SharedTask::is_done() noexcept {
  const std::lock_guard lock(mutex_);
  return state_ == State::done;
}

void SharedTask::finish() {
  run_if_waiting();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return state_ == State::done; });
  if (failure_) std::rethrow_exception(failure_);
}

void SharedTask::cancel() noexcept {
  std::unique_lock lock(mutex_);
  if (state_ == State::waiting) state_ = State::done;
  changed_.wait(lock, [this] { return state_ == State::done; });
}

}  // namespace metamori
