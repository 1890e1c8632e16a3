#include "base/real_processes.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <sstream>

#include "base/bytes.hpp"
#include "base/files.hpp"

namespace metamori {
namespace {

constexpr std::uint64_t kMaxKernelBytes = 16U << 20;

std::optional<pid_t> as_pid(const std::string& name) {
  pid_t pid = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
  if (error != std::errc{} || end != name.data() + name.size()) return std::nullopt;
  return pid;
}

/// `directory`: of a process or a thread. The name, in parentheses, may hold anything.
std::optional<ProcessInfo> read_stat(const std::string& directory) {
  std::string text;
  for (const std::string& line : kernel_lines(directory + "/stat")) text += line + ' ';
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  ProcessInfo info;
  std::istringstream rest(text.substr(name_end + 1));
  rest >> info.state >> info.parent;
  if (!rest) return std::nullopt;
  return info;
}

/// The numbers in a directory of /proc; none if it is gone.
std::vector<pid_t> numbers_in(const std::string& directory) {
  std::vector<pid_t> found;
  try {
    System& system = real_system();
    const Fd opened = open_directory(system, AT_FDCWD, directory.c_str(), directory);
    for (const DirectoryName& name : list_directory(system, opened.get(), directory))
      if (const auto pid = as_pid(name.name)) found.push_back(*pid);
  } catch (const Error&) {
    found.clear();
  }
  return found;
}

}  // namespace

pid_t own_process() noexcept { return ::getpid(); }

std::vector<std::string> kernel_lines(const std::string& path) {
  std::vector<std::string> lines;
  try {
    System& system = real_system();
    const Fd file = open_file(system, AT_FDCWD, path.c_str(), O_RDONLY, 0, path);
    Bytes all(4096);
    std::size_t size = 0;
    // Made up as it is read: its size is not known before.
    while ((size += read_up_to(system, file.get(), std::span(all).subspan(size), size, path)) == all.size() && size < kMaxKernelBytes)
      all.resize(2 * size);
    std::istringstream text{std::string(as_text(ByteView(all).first(size)))};
    for (std::string line; std::getline(text, line);) lines.push_back(line);
  } catch (const Error&) {
    lines.clear();
  }
  return lines;
}

std::vector<ProcessInfo> all_processes() {
  std::vector<ProcessInfo> found;
  for (const pid_t pid : numbers_in("/proc")) {
    auto info = read_stat("/proc/" + std::to_string(pid));
    if (!info) continue;
    info->pid = pid;
    found.push_back(*info);
  }
  return found;
}

std::vector<ProcessInfo> process_tree(pid_t top, pid_t except) {
  std::multimap<pid_t, ProcessInfo> children;
  std::vector<ProcessInfo> tree;
  for (const ProcessInfo& process : all_processes()) {
    if (process.pid == except) continue;
    if (process.pid == top) tree.push_back(process);
    children.emplace(process.parent, process);
  }
  for (std::size_t i = 0; i < tree.size(); ++i) {  // grows while it is walked
    const auto [first, last] = children.equal_range(tree[i].pid);
    std::for_each(first, last, [&](const auto& child) { tree.push_back(child.second); });
  }
  return tree;
}

bool is_halted(pid_t pid) {
  const std::string tasks = "/proc/" + std::to_string(pid) + "/task";
  const std::vector<pid_t> threads = numbers_in(tasks);
  return std::all_of(threads.begin(), threads.end(), [&](pid_t thread) {
    const auto info = read_stat(tasks + '/' + std::to_string(thread));
    return !info || std::string_view("TtZXx").find(info->state) != std::string_view::npos;
  });
}

}  // namespace metamori
