// Pausing processes and control groups: metamori/pause.hpp. Processes are no part of the seam to the machine: nothing here is simulated.

#include "metamori/pause.hpp"

#include <fcntl.h>
#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <set>
#include <sstream>

#include "base/bytes.hpp"
#include "base/files.hpp"
#include "base/real_processes.hpp"
#include "base/real_resumer.hpp"
#include "core/paths.hpp"
#include "metamori/error.hpp"

namespace metamori {
namespace {

constexpr std::int64_t kLookAgainNs = 200'000;

/// Where cgroup v2 is mounted: beside version 1 it has a directory of its own.
std::string cgroup_top() {
  for (const std::string& line : kernel_lines("/proc/self/mounts")) {
    std::string device, directory, type;
    std::istringstream(line) >> device >> directory >> type;
    if (type == "cgroup2") return directory;
  }
  return "/sys/fs/cgroup";
}

/// Waits until `is_still` says so.
template <class IsStill>
void await(std::int64_t max_ms, const std::string& what, IsStill is_still) {
  System& system = real_system();
  const std::int64_t deadline_ns = system.monotonic_ns() + max_ms * 1'000'000;
  while (!is_still()) {
    if (system.monotonic_ns() > deadline_ns)
      throw Error(ErrorKind::timed_out, what + " did not come to a halt within " + std::to_string(max_ms) + " ms",
                  "allow more time: --max-pause");
    system.sleep_ns(kLookAgainNs);
  }
}

class ProcessPause final : public Pause {
 public:
  ProcessPause(std::int64_t pid, std::int64_t max_ms) : pid_(static_cast<pid_t>(pid)), max_ms_(max_ms) {}

  void begin() override {
    if (pid_ <= 1 || pid_ == own_process()) throw Error(ErrorKind::usage, "process " + std::to_string(pid_) + " can't be paused");
    resumer_.emplace(-1, max_ms_);
    try {
      stop_all();
    } catch (...) {
      resumer_.reset();
      throw;
    }
  }

  bool end() noexcept override {
    const bool held = resumer_ && resumer_->resume();
    resumer_.reset();
    return held;
  }

 private:
  /// Whoever still runs may start more: until none is new.
  void stop_all() {
    std::set<pid_t> known;
    bool has_top = false;
    for (bool is_new = true; is_new;) {
      is_new = false;
      std::set<pid_t> stopping;
      for (const ProcessInfo& process : process_tree(pid_, own_process())) {
        has_top = has_top || process.state != 'Z';
        if (process.state == 'Z' || !known.insert(process.pid).second) continue;
        is_new = true;
        if (process.state != 'T' && stop(process.pid)) stopping.insert(process.pid);
      }
      if (!has_top) throw Error(ErrorKind::usage, "there is no process " + std::to_string(pid_));
      for (const pid_t pid : stopping) await(max_ms_, "process " + std::to_string(pid), [&] { return is_halted(pid); });
    }
  }

  /// False if it is gone.
  bool stop(pid_t pid) {
    resumer_->add(pid);
    if (::kill(pid, SIGSTOP) == 0) return true;
    if (errno == ESRCH) return false;
    throw Error(ErrorKind::refused, "process " + std::to_string(pid) + " belongs to somebody else and can't be paused",
                "pause a job as the user whose job it is");
  }

  pid_t pid_;
  std::int64_t max_ms_;
  std::optional<Resumer> resumer_;
};

class CgroupPause final : public Pause {
 public:
  CgroupPause(std::string path, std::int64_t max_ms)
      : top_(cgroup_top()), path_(path.starts_with('/') ? std::move(path) : top_ + '/' + path), max_ms_(max_ms) {
    while (path_.size() > 1 && path_.ends_with('/')) path_.pop_back();
  }

  void begin() override {
    const std::string file = path_ + "/cgroup.freeze";
    System& system = real_system();
    const int raw = retry_interrupted([&] { return system.open_at(AT_FDCWD, file.c_str(), O_RDWR, 0); });
    if (raw == -ENOENT || raw == -ENOTDIR)
      throw Error(ErrorKind::usage, quoted(path_) + " is no control group that can be frozen",
                  "name a directory below " + top_ + " (cgroup v2), or pause a process: --pause PID", path_);
    if (raw < 0) throw_io(-raw, "open", file);
    const Fd freeze(system, raw);
    refuse_own();
    if (kernel_lines(file) == std::vector<std::string>{"1"}) {  // somebody else's doing, and for them to undo
      was_frozen_ = true;
      return;
    }
    was_frozen_ = false;
    resumer_.emplace(raw, max_ms_);
    try {
      write_all(system, raw, as_bytes("1"), 0, file);
      await(max_ms_, "the control group " + quoted(path_), [&] { return is_frozen(); });
    } catch (...) {
      resumer_.reset();
      throw;
    }
  }

  bool end() noexcept override {
    if (was_frozen_) return true;
    const bool held = resumer_ && resumer_->resume();
    resumer_.reset();
    return held;
  }

 private:
  void refuse_own() const {
    for (const std::string& line : kernel_lines("/proc/self/cgroup"))
      if (line.starts_with("0::") && is_at_or_below(top_ + line.substr(3), path_))
        throw Error(ErrorKind::usage, "this process is in the control group " + quoted(path_) + " itself",
                    "pause a process instead, such as the job's first: --pause PID", path_);
  }

  [[nodiscard]] bool is_frozen() const {
    const std::vector<std::string> events = kernel_lines(path_ + "/cgroup.events");
    return std::find(events.begin(), events.end(), "frozen 1") != events.end();
  }

  std::string top_;
  std::string path_;
  std::int64_t max_ms_;
  bool was_frozen_ = false;
  std::optional<Resumer> resumer_;
};

}  // namespace

std::unique_ptr<Pause> pause_process_tree(std::int64_t pid, std::int64_t max_ms) { return std::make_unique<ProcessPause>(pid, max_ms); }

std::unique_ptr<Pause> pause_cgroup(const std::string& path, std::int64_t max_ms) { return std::make_unique<CgroupPause>(path, max_ms); }

}  // namespace metamori
