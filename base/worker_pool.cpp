#include "base/worker_pool.hpp"

#include <pthread.h>
#include <signal.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "base/assert.hpp"
#include "base/worker_thread.hpp"

namespace metamori {
namespace {

using Task = std::function<void()>;

/// Aligned so that two threads' queues don't share a cache line.
struct alignas(64) Queue {
  std::mutex mutex;
  std::deque<Task> tasks;
};

/// Signals are for the threads of the program, not for ours: a handler on one of them would interrupt a system call in the middle of a
/// scan.
class SignalsBlocked {
 public:
  SignalsBlocked() noexcept {
    sigset_t all;
    sigfillset(&all);
    sigdelset(&all, SIGBUS);  // of a page that can't be read: blocked, it would end the process unasked
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

}  // namespace

/// Queue 0 belongs to the threads that wait or submit from outside, the others to one thread each.
struct WorkerPool::Impl {
  explicit Impl(std::size_t worker_count) : queues(worker_count) {}

  void submit(Task task);
  bool run_one(std::size_t self);
  bool take(std::size_t self, Task& task);
  void run(Task& task) noexcept;
  void finish_one() noexcept;
  void work(std::size_t self);
  void wake(bool all) noexcept;
  template <class Ready>
  void sleep_until(Ready ready);

  std::vector<Queue> queues;
  std::vector<std::thread> threads;
  std::atomic<std::size_t> queued{0};      ///< in a queue; may be above the truth for a moment, never below
  std::atomic<std::size_t> unfinished{0};  ///< queued or running
  std::atomic<bool> failed{false};         ///< `error` is set: what is left is dropped
  std::atomic<bool> stopping{false};
  std::atomic<std::size_t> sleepers{0};
  std::mutex sleep_mutex;  ///< guards `error` too
  std::condition_variable wake_up;
  std::exception_ptr error;
};

namespace {

/// Which pool's task this thread is running, and from which queue; pools may be nested.
struct Current {
  const void* pool = nullptr;
  std::size_t queue = 0;
};
thread_local Current current;
thread_local bool is_worker = false;

class EnterPool {
 public:
  EnterPool(const void* pool, std::size_t queue) noexcept : before_(std::exchange(current, Current{pool, queue})) {}
  EnterPool(const EnterPool&) = delete;
  EnterPool& operator=(const EnterPool&) = delete;
  ~EnterPool() { current = before_; }

 private:
  Current before_;
};

}  // namespace

bool is_worker_thread() noexcept { return is_worker; }

// Between submitting and falling asleep: the one counts its task and then looks for sleepers, the other counts itself and then looks for
// tasks. As both are sequentially consistent, at least one of the two sees the other.
void WorkerPool::Impl::submit(Task task) {
  Queue& queue = queues[current.pool == this ? current.queue : 0];
  unfinished.fetch_add(1);
  queued.fetch_add(1);
  try {
    const std::lock_guard lock(queue.mutex);
    queue.tasks.push_back(std::move(task));
  } catch (...) {
    queued.fetch_sub(1);
    finish_one();
    throw;
  }
  wake(false);
}

void WorkerPool::Impl::wake(bool all) noexcept {
  if (sleepers.load() == 0) return;
  { const std::lock_guard lock(sleep_mutex); }  // a sleeper is now either waiting or will look again
  if (all)
    wake_up.notify_all();
  else
    wake_up.notify_one();
}

template <class Ready>
void WorkerPool::Impl::sleep_until(Ready ready) {
  std::unique_lock lock(sleep_mutex);
  sleepers.fetch_add(1);
  wake_up.wait(lock, ready);
  sleepers.fetch_sub(1);
}

/// Takes the newest task of its own queue, or else the oldest of another.
bool WorkerPool::Impl::take(std::size_t self, Task& task) {
  if (queued.load() == 0) return false;
  for (std::size_t step = 0; step < queues.size(); ++step) {
    Queue& queue = queues[(self + step) % queues.size()];
    const std::lock_guard lock(queue.mutex);
    if (queue.tasks.empty()) continue;
    if (step == 0) {
      task = std::move(queue.tasks.back());
      queue.tasks.pop_back();
    } else {
      task = std::move(queue.tasks.front());
      queue.tasks.pop_front();
    }
    queued.fetch_sub(1);
    return true;
  }
  return false;
}

void WorkerPool::Impl::run(Task& task) noexcept {
  if (failed.load()) return;
  try {
    task();
  } catch (...) {
    const std::lock_guard lock(sleep_mutex);
    if (!error) error = std::current_exception();
    failed.store(true);
  }
}

void WorkerPool::Impl::finish_one() noexcept {
  if (unfinished.fetch_sub(1) == 1) wake(true);
}

bool WorkerPool::Impl::run_one(std::size_t self) {
  Task task;
  if (!take(self, task)) return false;
  {
    const EnterPool enter(this, self);
    run(task);
    task = nullptr;  // what it holds must be gone before wait() may return
  }
  finish_one();
  return true;
}

void WorkerPool::Impl::work(std::size_t self) {
  while (!stopping.load()) {
    if (run_one(self)) continue;
    sleep_until([this] { return queued.load() > 0 || stopping.load(); });
  }
}

WorkerPool::WorkerPool(std::size_t worker_count) : impl_(std::make_unique<Impl>(worker_count)) {
  MM_ASSERT(worker_count >= 1);
  const SignalsBlocked blocked;
  impl_->threads.reserve(worker_count);
  try {
    for (std::size_t i = 1; i < worker_count; ++i)
      impl_->threads.emplace_back([impl = impl_.get(), i] {
        is_worker = true;
        impl->work(i);
      });
  } catch (const std::system_error&) {
    // No more threads to be had: those there are, and the one that waits, do all the work.
  }
}

WorkerPool::~WorkerPool() {
  impl_->stopping.store(true);
  impl_->wake(true);
  for (std::thread& thread : impl_->threads) thread.join();
}

std::size_t WorkerPool::worker_count() const noexcept { return impl_->queues.size(); }

void WorkerPool::submit(std::function<void()> task) { impl_->submit(std::move(task)); }

void WorkerPool::wait() {
  MM_ASSERT(current.pool != impl_.get());  // a task that waits for itself would wait for ever
  Impl& pool = *impl_;
  while (pool.unfinished.load() > 0) {
    if (pool.run_one(0)) continue;
    pool.sleep_until([&pool] { return pool.queued.load() > 0 || pool.unfinished.load() == 0; });
  }
  if (!pool.failed.load()) return;
  std::exception_ptr error;
  {
    const std::lock_guard lock(pool.sleep_mutex);
    error = std::exchange(pool.error, nullptr);
    pool.failed.store(false);
  }
  if (error) std::rethrow_exception(error);
}

}  // namespace metamori
