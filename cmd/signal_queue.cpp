#include "cmd/signal_queue.hpp"

#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "metamori/error.hpp"

namespace metamori::cmd {

SignalQueue::SignalQueue(std::initializer_list<int> signals, std::initializer_list<int> revived) {
  sigset_t wanted{};
  ::sigemptyset(&wanted);
  for (const int signal : signals) ::sigaddset(&wanted, signal);
  ::pthread_sigmask(SIG_BLOCK, &wanted, &before_);
  // What is ignored never comes, not even when blocked.
  for (const int signal : revived) ::signal(signal, SIG_DFL);
  descriptor_ = ::signalfd(-1, &wanted, SFD_NONBLOCK | SFD_CLOEXEC);
  if (descriptor_ < 0) {
    const int error = errno;
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    throw Error(ErrorKind::io, "wait for signals: " + std::generic_category().message(error));
  }
}

SignalQueue::~SignalQueue() {
  // One that came too late to be looked at must not end the program now.
  while (take()) {
  }
  ::close(descriptor_);
  ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

std::optional<SignalQueue::Signal> SignalQueue::take() {
  signalfd_siginfo info{};
  ssize_t count = 0;
  while ((count = ::read(descriptor_, &info, sizeof info)) < 0 && errno == EINTR) {
  }
  if (count != static_cast<ssize_t>(sizeof info)) return std::nullopt;
  return Signal{static_cast<int>(info.ssi_signo), info.ssi_code == SI_KERNEL};
}

}  // namespace metamori::cmd
