#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace metamori::cmd {

/// A program that was started here, with this program's descriptors, directory, environment and process group, and no signal blocked.
class ChildProcess {
 public:
  /// Starts `words`, looked for in PATH; `output` becomes its standard output. Returns nothing, and the error number in `error`, if that
  /// can't be done.
  static std::optional<ChildProcess> start(const std::vector<std::string>& words, int output, int& error);
  /// Whether it has ended.
  bool poll();
  [[nodiscard]] pid_t id() const noexcept { return id_; }
  /// Does nothing once it has ended.
  void send(int signal) const noexcept;
  /// Its exit code, or 128 and the signal that ended it. Valid when it has ended.
  [[nodiscard]] int exit_code() const noexcept;
  /// The signal that ended it, 0 for none.
  [[nodiscard]] int signal() const noexcept;

 private:
  explicit ChildProcess(pid_t id) noexcept : id_(id) {}
  pid_t id_;
  std::optional<int> status_;
};

}  // namespace metamori::cmd
