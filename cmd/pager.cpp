#include "cmd/pager.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "cmd/signals.hpp"

namespace metamori::cmd {
namespace {

constexpr int kNotRunnable = 126;
constexpr int kNotFound = 127;
constexpr std::array kSignals{SIGINT, SIGTERM, SIGHUP, SIGQUIT};

/// The only thing that the handler needs.
volatile sig_atomic_t pager_process = 0;

pid_t wait_for(pid_t child, int& status) noexcept {
  pid_t result = -1;
  do {
    result = ::waitpid(child, &status, 0);
  } while (result < 0 && errno == EINTR);
  return result;
}

/// Ctrl-C reaches the pager as well, which goes on. This process must not end before it: the shell would take the terminal back.
extern "C" void on_signal_beside_pager(int signal) {
  ::close(STDOUT_FILENO);
  ::close(STDERR_FILENO);
  int status = 0;
  wait_for(pager_process, status);
  die_by_signal(signal);
}

bool is_ignored(int signal) {
  struct sigaction before {};
  ::sigaction(signal, nullptr, &before);
  return (before.sa_flags & SA_SIGINFO) == 0 && before.sa_handler == SIG_IGN;
}

}  // namespace

void Pager::become(const char* command, int input) noexcept {
  ::dup2(input, STDIN_FILENO);
  ::signal(SIGPIPE, SIG_DFL);
  ::signal(SIGUSR1, SIG_DFL);
  ::signal(SIGXFSZ, SIG_DFL);
  ::execl("/bin/sh", "sh", "-c", command, static_cast<char*>(nullptr));
  ::_exit(kNotFound);
}

void Pager::start() {
  if (command_.empty()) return;
  const std::string command = std::exchange(command_, {});
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return;
  // As git does: quit if it fits the screen, show colours, leave the text on the screen.
  ::setenv("LESS", "FRX", 0);
  ::setenv("LV", "-c", 0);
  child_ = ::fork();
  if (child_ == 0) become(command.c_str(), ends[0]);
  ::close(ends[0]);
  if (child_ > 0) {
    has_error_stream_ = ::isatty(STDERR_FILENO) == 1;
    ::dup2(ends[1], STDOUT_FILENO);
    if (has_error_stream_) ::dup2(ends[1], STDERR_FILENO);
    pager_process = child_;
    for (const int signal : kSignals)
      if (!is_ignored(signal)) ::signal(signal, on_signal_beside_pager);
  }
  ::close(ends[1]);
}

bool Pager::finish() noexcept {
  if (child_ <= 0) return true;
  // Not closed alone: what is opened later must not become descriptor 1 or 2.
  const int nothing = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  ::dup2(nothing, STDOUT_FILENO);
  if (has_error_stream_) ::dup2(nothing, STDERR_FILENO);
  int status = 0;
  wait_for(std::exchange(child_, -1), status);
  return !WIFEXITED(status) || (WEXITSTATUS(status) != kNotFound && WEXITSTATUS(status) != kNotRunnable);
}

PagedOutput::PagedOutput(Pager& pager, std::size_t buffer_bytes)
    : Output(buffer_bytes), pager_(pager), out_(STDOUT_FILENO, "standard output", 0) {}

void PagedOutput::drain(std::string_view bytes) {
  pager_.start();
  out_.write(bytes);
}

}  // namespace metamori::cmd
