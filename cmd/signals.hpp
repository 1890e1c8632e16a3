#pragma once

// Signals, the one thing that has to live in globals: a handler can reach nothing else.

#include <atomic>

namespace metamori::cmd {

/// From now on SIGINT, SIGTERM and SIGHUP raise the stop flag; a second one ends the process at once. Those that the parent had ignored
/// stay ignored. Commands that only read and can't be asked to stop don't call this: they may be killed at any time.
void install_stop_handlers();
/// From now on SIGUSR1 asks for a status line.
void install_status_handler();
/// For Control::stop.
const std::atomic<bool>& stop_flag() noexcept;
/// The signal that raised the stop flag; 0: none.
int caught_signal() noexcept;
/// Sleeps until SIGUSR1, wake_status_waiter() or the time is up. Returns whether a status line was asked for.
bool wait_for_status_request(int timeout_ms) noexcept;
void wake_status_waiter() noexcept;
/// Ends the process by `signal`, as if it had never been handled.
[[noreturn]] void die_by_signal(int signal) noexcept;

}  // namespace metamori::cmd
