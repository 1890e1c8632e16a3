#include "base/real_resumer.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/files.hpp"

namespace metamori {
namespace {

constexpr std::size_t kMaxProcesses = 65536;
constexpr char kInTime = 'i', kLate = 'l';
constexpr int kSocket = 3, kFreeze = 4;  // in the resumer, which has no other descriptors

std::int64_t now_ms() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

// What follows runs in a fork of a process that may have threads: async-signal-safe calls only.

/// Leaves only the two descriptors, where the constants say.
void keep_descriptors(int socket, int freeze) noexcept {
  const int high_socket = ::fcntl(socket, F_DUPFD, kFreeze + 1);
  const int high_freeze = freeze < 0 ? -1 : ::fcntl(freeze, F_DUPFD, kFreeze + 1);
  ::dup2(high_socket, kSocket);
  if (high_freeze >= 0)
    ::dup2(high_freeze, kFreeze);
  else
    ::close(kFreeze);
  for (int fd = 0; fd < kSocket; ++fd) ::close(fd);
  ::close_range(kFreeze + 1, ~0U, 0);
}

[[noreturn]] void run(int socket, int freeze, std::int64_t max_ms) noexcept {
  keep_descriptors(socket, freeze);
  std::array<pid_t, kMaxProcesses> stopped;
  std::size_t count = 0;
  const std::int64_t deadline_ms = now_ms() + max_ms;
  bool is_late = false;
  for (;;) {
    const std::int64_t left_ms = deadline_ms - now_ms();
    is_late = left_ms <= 0;
    if (is_late) break;
    pollfd ready{kSocket, POLLIN, 0};
    if (::poll(&ready, 1, static_cast<int>(std::min<std::int64_t>(left_ms, 1'000'000))) <= 0) continue;
    pid_t pid = 0;
    const ssize_t got = ::recv(kSocket, &pid, sizeof pid, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got != static_cast<ssize_t>(sizeof pid)) break;  // told to, or nobody is there any more
    if (count < stopped.size()) stopped[count++] = pid;
  }
  for (std::size_t i = 0; i < count; ++i) ::kill(stopped[i], SIGCONT);
  if (freeze >= 0) [[maybe_unused]]
    const ssize_t written = ::pwrite(kFreeze, "0", 1, 0);
  const char answer = is_late ? kLate : kInTime;
  ::send(kSocket, &answer, 1, MSG_NOSIGNAL);
  ::_exit(0);
}

}  // namespace

Resumer::Resumer(int freeze, std::int64_t max_ms) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) throw_io(errno, "make a socket for", "pausing");
  sigset_t all, before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, &before);  // a signal to the whole group must not end the resumer
  const pid_t parent = ::fork();
  if (parent == 0) {
    ::setsid();
    // Twice, so that it is nobody's child here: a program may wait for all of its own.
    const pid_t child = ::fork();
    if (child == 0) {
      ::close(ends[0]);
      run(ends[1], freeze, max_ms);
    }
    ::_exit(child < 0 ? 1 : 0);
  }
  const int error = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  ::close(ends[1]);
  socket_ = ends[0];
  int status = 0;
  const bool failed = parent < 0 || (retry_interrupted([&] { return ::waitpid(parent, &status, 0) < 0 ? -errno : 0; }) == 0 && status != 0);
  if (!failed) return;
  ::close(socket_);
  throw_io(parent < 0 ? error : EAGAIN, "start a process for", "pausing");
}

Resumer::~Resumer() { resume(); }

void Resumer::add(pid_t pid) {
  if (retry_interrupted([&] { return ::send(socket_, &pid, sizeof pid, MSG_NOSIGNAL) < 0 ? -errno : 0; }) < 0)
    throw_io(errno, "keep a process for", "pausing");
}

bool Resumer::resume() noexcept {
  if (socket_ < 0) return false;
  ::shutdown(socket_, SHUT_WR);
  char answer = kLate;
  retry_interrupted([&] { return ::recv(socket_, &answer, 1, 0) < 0 ? -errno : 0; });
  ::close(socket_);
  socket_ = -1;
  return answer == kInTime;
}

}  // namespace metamori
