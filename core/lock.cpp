// A waiting exclusive lock gets its turn though shared ones come one after another: whoever wants `name` first passes `name.turn`, which an
// exclusive waiter holds while it waits.

#include "core/lock.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <ctime>

#include "core/locate.hpp"
#include "core/wait.hpp"

namespace metamori {
namespace {

constexpr std::uint32_t kLockFileMode = 0660;
constexpr std::uint64_t kMaxHolderBytes = 4096;

enum class Outcome { taken, busy, impossible };

/// The file behind a lock. Another user's file may not be writable for us; locking it works all the same. Not open where there can be none;
/// `lacks_room` becomes true if that is because the disk is full.
Fd open_lock_file(Engine& engine, const std::string& name, bool& lacks_room) {
  System& system = engine.system;
  const int dir = engine.dirs.locks.get();
  int fd = retry_interrupted([&] { return system.open_at(dir, name.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, kLockFileMode); });
  if (fd == -EACCES || fd == -EROFS || fd == -EPERM)
    fd = retry_interrupted([&] { return system.open_at(dir, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0); });
  lacks_room = lacks_room || fd == -ENOSPC || fd == -EDQUOT;
  if (fd == -ENOSPC || fd == -EDQUOT || fd == -EACCES || fd == -EROFS || fd == -ENOENT)
    return {};  // a courtesy that can't be had must not stop anybody
  if (fd < 0) throw_io(-fd, "open", joined_path(engine.repository_directory, "locks/" + name));
  return {system, fd};
}

Outcome try_lock(System& system, const Fd& file, LockMode mode) {
  if (!file.is_open()) return Outcome::impossible;
  const int error = retry_interrupted([&] { return system.lock(file.get(), mode); });
  if (error >= 0) return Outcome::taken;
  return error == -EWOULDBLOCK ? Outcome::busy : Outcome::impossible;
}

std::string iso_time(std::int64_t seconds) {
  const std::time_t time = seconds;
  std::tm parts{};
  char text[32] = "";
  if (::gmtime_r(&time, &parts) != nullptr) std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

std::string holder_text(System& system) {
  const Identity identity = system.identity();
  return "host " + identity.host + "\nboot " + identity.boot_id + "\npid " + std::to_string(identity.pid) + "\nsince " +
         std::to_string(system.now().seconds) + "\n";
}

/// For messages alone, so nothing here may stop the operation.
void write_holder(System& system, const Fd& file) {
  const std::string text = holder_text(system);
  if (system.write_at(file.get(), as_bytes(text), 0) == static_cast<std::int64_t>(text.size())) system.truncate(file.get(), text.size());
}

std::string value_of(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    if (line.starts_with(key)) return std::string(line.substr(key.size()));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return {};
}

/// The last one that took it; where it is shared, the others are not known.
std::string describe_holder(System& system, const Fd& file, const std::string& path) {
  std::string text;
  try {
    const Bytes bytes = read_whole(system, file.get(), kMaxHolderBytes, path);
    text = as_text(bytes);
  } catch (const Error&) {
    return "another process";  // the holder is for the message; who can't be named holds it all the same
  }
  const std::string pid = value_of(text, "pid ");
  if (pid.empty()) return "another process";
  std::string result = "process " + pid + " on " + value_of(text, "host ");
  std::int64_t since = 0;
  const std::string digits = value_of(text, "since ");
  if (std::from_chars(digits.data(), digits.data() + digits.size(), since).ec == std::errc()) result += " since " + iso_time(since);
  return result;
}

/// Tries until it is taken, can't be, or the wait is over.
Outcome lock_until(System& system, const Fd& file, LockMode mode, Wait& wait) {
  for (;;) {
    const Outcome outcome = try_lock(system, file, mode);
    if (outcome != Outcome::busy || !wait.pause()) return outcome;
  }
}

}  // namespace

Lock::Lock(Engine& engine, const std::string& name, LockMode mode, const Control& control) {
  if (!engine.dirs.locks.is_open()) return;
  System& system = engine.system;
  const std::string path = joined_path(engine.repository_directory, "locks/" + name);
  Fd file = open_lock_file(engine, name, lacks_room_);  // first: where there is room for one of the two, it is this
  bool no_turn = false;
  const Fd turn = open_lock_file(engine, name + ".turn", no_turn);
  Wait wait(system, control, [&] { return "the lock '" + name + "', held by " + describe_holder(system, file, path); });
  Outcome outcome = lock_until(system, turn, mode, wait);
  if (outcome != Outcome::busy) outcome = lock_until(system, file, mode, wait);
  if (outcome == Outcome::busy)
    throw Error(ErrorKind::locked, "the repository is locked (" + name + ") by " + describe_holder(system, file, path),
                "wait for it, or say how long to wait with --lock-timeout", path);
  if (outcome != Outcome::taken) return;
  write_holder(system, file);
  system_ = &system;
  file_ = std::move(file);
}

Lock take_writer_lock(Engine& engine, const Control& control) {
  constexpr std::int64_t kWaitForGcMs = 600'000;
  Control patient = control;
  patient.lock_timeout_ms = std::max(control.lock_timeout_ms, kWaitForGcMs);
  return {engine, kGcLock, LockMode::shared, patient};
}

bool Lock::share() {
  if (!held() || try_lock(*system_, file_, LockMode::shared) == Outcome::taken) return true;
  file_ = Fd();
  return false;
}

}  // namespace metamori
