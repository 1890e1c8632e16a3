// Clock, randomness, and who is running.

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <vector>

#include "base/files.hpp"
#include "base/real_system.hpp"

namespace metamori {
namespace {

constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;
constexpr std::size_t kFirstRecordBytes = 1024;
constexpr std::size_t kMaxRecordBytes = 1 << 20;

timespec clock_time(clockid_t clock) noexcept {
  timespec time{};
  ::clock_gettime(clock, &time);
  return time;
}

/// The name in the record that `look_up(buffer, record)` finds; the buffer grows until the record fits (groups can be large).
template <class Record, class LookUp>
std::string find_name(char* Record::*name, LookUp look_up) {
  for (std::size_t size = kFirstRecordBytes; size <= kMaxRecordBytes; size *= 4) {
    std::vector<char> buffer(size);
    Record record{};
    Record* found = nullptr;
    const int error = look_up(record, buffer, found);
    if (error == ERANGE) continue;
    return error == 0 && found != nullptr ? std::string(found->*name) : std::string();
  }
  return {};
}

template <class Find>
std::string cached(std::mutex& mutex, std::map<std::uint32_t, std::string>& names, std::uint32_t id, Find find) {
  const std::lock_guard lock(mutex);
  const auto [entry, is_new] = names.try_emplace(id);
  if (is_new) entry->second = find();
  return entry->second;
}

}  // namespace

Time RealSystem::now() {
  const timespec time = clock_time(CLOCK_REALTIME);
  return {time.tv_sec, static_cast<std::uint32_t>(time.tv_nsec)};
}

std::int64_t RealSystem::monotonic_ns() {
  const timespec time = clock_time(CLOCK_MONOTONIC);
  return time.tv_sec * kNanosecondsPerSecond + time.tv_nsec;
}

void RealSystem::sleep_ns(std::int64_t duration) {
  if (duration <= 0) return;
  timespec rest{};
  rest.tv_sec = duration / kNanosecondsPerSecond;
  rest.tv_nsec = duration % kNanosecondsPerSecond;
  while (::clock_nanosleep(CLOCK_MONOTONIC, 0, &rest, &rest) == EINTR) continue;
}

void RealSystem::random(std::span<std::byte> buffer) {
  while (!buffer.empty()) {
    const ssize_t count = ::getrandom(buffer.data(), buffer.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_io(errno, "get random bytes", {});
    buffer = buffer.subspan(static_cast<std::size_t>(count));
  }
}

Identity RealSystem::identity() {
  Identity result;
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) == 0) result.host = host.data();
  result.pid = static_cast<std::uint32_t>(::getpid());
  result.uid = ::geteuid();
  const Fd file(*this, open_at(AT_FDCWD, "/proc/sys/kernel/random/boot_id", O_RDONLY, 0));
  if (!file.is_open()) return result;  // without it a lock of an earlier boot can't be told apart, and counts as held
  std::array<char, 36> boot_id{};
  const std::int64_t count = read_at(file.get(), std::as_writable_bytes(std::span(boot_id)), 0);
  if (count == static_cast<std::int64_t>(boot_id.size())) result.boot_id.assign(boot_id.data(), boot_id.size());
  return result;
}

std::string RealSystem::user_name(std::uint32_t uid) {
  return cached(names_mutex_, user_names_, uid, [uid] {
    return find_name(&passwd::pw_name, [uid](passwd& record, std::vector<char>& buffer, passwd*& found) {
      return ::getpwuid_r(uid, &record, buffer.data(), buffer.size(), &found);
    });
  });
}

std::string RealSystem::group_name(std::uint32_t gid) {
  return cached(names_mutex_, group_names_, gid, [gid] {
    return find_name(&group::gr_name, [gid](group& record, std::vector<char>& buffer, group*& found) {
      return ::getgrgid_r(gid, &record, buffer.data(), buffer.size(), &found);
    });
  });
}

}  // namespace metamori
