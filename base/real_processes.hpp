#pragma once

// The processes of this machine, as /proc tells. They are no part of the seam to the machine: nothing simulates them.

#include <sys/types.h>

#include <string>
#include <vector>

namespace metamori {

struct ProcessInfo {
  pid_t pid = 0;
  pid_t parent = 0;
  char state = 0;  ///< as in proc(5): T stopped, t stopped by a debugger, Z dead, …
};

pid_t own_process() noexcept;
/// Every process that is there now.
std::vector<ProcessInfo> all_processes();
/// `top` and what descends from it, without `except` and what descends from that.
std::vector<ProcessInfo> process_tree(pid_t top, pid_t except);
/// Whether no thread of it runs: all are stopped, or it is gone.
bool is_halted(pid_t pid);
/// The lines of a file that the kernel makes up; none if it can't be read.
std::vector<std::string> kernel_lines(const std::string& path);

}  // namespace metamori
