#include "cmd/signals.hpp"

#include <semaphore.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <ctime>

namespace metamori::cmd {
namespace {

static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int>::is_always_lock_free, "handlers may not wait");
constinit std::atomic<bool> stop_requested{false};
constinit std::atomic<int> stop_signal{0};
constinit std::atomic<bool> status_requested{false};
/// Posting it is one of the few things that a handler may do. Valid once the status handler is installed.
sem_t wakeup;

extern "C" void on_stop_signal(int signal) {
  int none = 0;
  if (!stop_signal.compare_exchange_strong(none, signal)) {
    // The second one: delivered again, with the default action, when this handler returns.
    ::signal(signal, SIG_DFL);
    ::raise(signal);
    return;
  }
  stop_requested.store(true);
}

extern "C" void on_status_signal(int /*signal*/) {
  const int saved = errno;
  status_requested.store(true);
  ::sem_post(&wakeup);
  errno = saved;
}

bool is_ignored(int signal) {
  struct sigaction before {};
  ::sigaction(signal, nullptr, &before);
  return (before.sa_flags & SA_SIGINFO) == 0 && before.sa_handler == SIG_IGN;
}

void handle(int signal, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  ::sigemptyset(&action.sa_mask);
  ::sigaction(signal, &action, nullptr);
}

}  // namespace

void install_stop_handlers() {
  static bool is_installed = false;
  if (is_installed) return;
  is_installed = true;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP})
    if (!is_ignored(signal)) handle(signal, on_stop_signal);
}

void install_status_handler() {
  static bool is_installed = false;
  if (is_installed) return;
  is_installed = true;
  ::sem_init(&wakeup, 0, 0);
  handle(SIGUSR1, on_status_signal);
}

const std::atomic<bool>& stop_flag() noexcept { return stop_requested; }
int caught_signal() noexcept { return stop_signal.load(); }

bool wait_for_status_request(int timeout_ms) noexcept {
  timespec until{};
  ::clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_sec += timeout_ms / 1000;
  until.tv_nsec += (timeout_ms % 1000) * 1'000'000L;
  if (until.tv_nsec >= 1'000'000'000L) {
    until.tv_nsec -= 1'000'000'000L;
    ++until.tv_sec;
  }
  while (::sem_clockwait(&wakeup, CLOCK_MONOTONIC, &until) != 0 && errno == EINTR) {
  }
  return status_requested.exchange(false);
}

void wake_status_waiter() noexcept { ::sem_post(&wakeup); }

void die_by_signal(int signal) noexcept {
  ::signal(signal, SIG_DFL);
  sigset_t only{};
  ::sigemptyset(&only);
  ::sigaddset(&only, signal);
  ::raise(signal);
  ::sigprocmask(SIG_UNBLOCK, &only, nullptr);
  ::_exit(128 + signal);
}

}  // namespace metamori::cmd
