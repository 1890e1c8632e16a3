#include "cmd/child_process.hpp"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

extern char** environ;  // NOLINT(readability-redundant-declaration): not in every header

namespace metamori::cmd {

std::optional<ChildProcess> ChildProcess::start(const std::vector<std::string>& words, int output, int& error) {
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));  // posix_spawn does not write to them
  arguments.push_back(nullptr);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  // main() ignores these for its own sake, and a caller may have blocked others to wait for them.
  sigset_t defaults{};
  sigset_t none{};
  ::sigemptyset(&none);
  ::sigemptyset(&defaults);
  ::sigaddset(&defaults, SIGPIPE);
  ::sigaddset(&defaults, SIGXFSZ);
  ::sigaddset(&defaults, SIGUSR1);
  ::posix_spawnattr_setsigdefault(&attributes, &defaults);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  posix_spawn_file_actions_t files;
  ::posix_spawn_file_actions_init(&files);
  if (output != STDOUT_FILENO) ::posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
  pid_t id = 0;
  error = ::posix_spawnp(&id, arguments.front(), &files, &attributes, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&files);
  ::posix_spawnattr_destroy(&attributes);
  if (error != 0) return std::nullopt;
  return ChildProcess(id);
}

bool ChildProcess::poll() {
  if (status_) return true;
  int status = 0;
  pid_t done = 0;
  while ((done = ::waitpid(id_, &status, WNOHANG)) < 0 && errno == EINTR) {
  }
  if (done == id_) status_ = status;
  return status_.has_value();
}

void ChildProcess::send(int signal) const noexcept {
  if (!status_) ::kill(id_, signal);
}

int ChildProcess::exit_code() const noexcept { return signal() != 0 ? 128 + signal() : WEXITSTATUS(status_.value_or(0)); }
int ChildProcess::signal() const noexcept { return status_ && WIFSIGNALED(*status_) ? WTERMSIG(*status_) : 0; }

}  // namespace metamori::cmd
