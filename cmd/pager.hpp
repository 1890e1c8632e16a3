#pragma once

// Long output on terminals goes through a pager. It is started when there is something to show, so that an error alone never opens one.

#include <sys/types.h>

#include <string>

#include "cmd/output.hpp"

namespace metamori::cmd {

class Pager {
 public:
  Pager() = default;
  Pager(const Pager&) = delete;
  Pager& operator=(const Pager&) = delete;

  /// From the first output on, standard output goes to `command`, a line for the shell; and standard error, where it is a terminal.
  void choose(std::string command) { command_ = std::move(command); }
  /// Starts what was chosen, once. Where it can't be started, output goes where it went.
  void start();
  /// Ends the output and waits until the reader has seen enough. Returns false if the pager could not be run.
  bool finish() noexcept;

 private:
  [[noreturn]] static void become(const char* command, int input) noexcept;
  std::string command_;
  pid_t child_ = -1;
  bool has_error_stream_ = false;
};

/// Standard output, through a pager if one is chosen.
class PagedOutput final : public Output {
 public:
  PagedOutput(Pager& pager, std::size_t buffer_bytes);

 private:
  void drain(std::string_view bytes) override;
  Pager& pager_;
  DescriptorOutput out_;
};

}  // namespace metamori::cmd
