// Attributes of files. Descriptors opened with O_PATH are served too, by way of /proc/self/fd, as the calls on descriptors refuse them.

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>

#include "base/real_system.hpp"

namespace metamori {
namespace {

/// Calls `on_descriptor`; if that refuses the descriptor, which it does with O_PATH, `on_path` with a path for it.
template <class OnDescriptor, class OnPath>
auto on_file(int fd, OnDescriptor on_descriptor, OnPath on_path) {
  auto result = on_descriptor(fd);
  if (result >= 0 || errno != EBADF) return or_errno(result);
  result = on_path(descriptor_path(fd).c_str());
  if (result < 0 && errno == ENOENT) errno = EBADF;  // the descriptor was never open
  return or_errno(result);
}

std::string path_in(int dir, const char* name) { return dir == AT_FDCWD ? name : descriptor_path(dir) + '/' + name; }

bool is_open_file(const char* name) noexcept { return *name == '\0'; }

Time as_time(const statx_timestamp& stamp) noexcept { return {stamp.tv_sec, stamp.tv_nsec}; }

int stat_with(int dir, const char* name, int flags, FileStat& result) noexcept {
  struct statx info;  // filled by the kernel
  if (::statx(dir, name, flags, STATX_BASIC_STATS, &info) != 0) return -errno;
  result.device = static_cast<std::uint64_t>(info.stx_dev_major) << 32 | info.stx_dev_minor;
  result.inode = info.stx_ino;
  result.mode = info.stx_mode;
  result.link_count = info.stx_nlink;
  result.uid = info.stx_uid;
  result.gid = info.stx_gid;
  result.device_major = info.stx_rdev_major;
  result.device_minor = info.stx_rdev_minor;
  result.size_bytes = info.stx_size;
  result.allocated_bytes = info.stx_blocks * 512;
  result.mtime = as_time(info.stx_mtime);
  result.ctime = as_time(info.stx_ctime);
  return 0;
}

std::array<timespec, 2> only_mtime(Time mtime) noexcept {
  std::array<timespec, 2> times{};
  times[0].tv_nsec = UTIME_OMIT;
  times[1].tv_sec = mtime.seconds;
  times[1].tv_nsec = mtime.nanoseconds;
  return times;
}

}  // namespace

int RealSystem::stat(int fd, FileStat& result) { return stat_with(fd, "", AT_EMPTY_PATH, result); }
int RealSystem::stat_at(int dir, const char* name, FileStat& result) {
  return stat_with(dir, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, result);
}

int RealSystem::set_mode(int fd, std::uint32_t mode) {
  return on_file(
      fd, [&](int file) { return ::fchmod(file, mode); }, [&](const char* path) { return ::chmod(path, mode); });
}

int RealSystem::set_mode_at(int dir, const char* name, std::uint32_t mode) {
  return or_errno(::fchmodat(dir, name, mode, AT_SYMLINK_NOFOLLOW));
}

int RealSystem::set_owner(int fd, std::uint32_t uid, std::uint32_t gid) { return or_errno(::fchownat(fd, "", uid, gid, AT_EMPTY_PATH)); }

int RealSystem::set_owner_at(int dir, const char* name, std::uint32_t uid, std::uint32_t gid) {
  return or_errno(::fchownat(dir, name, uid, gid, AT_SYMLINK_NOFOLLOW));
}

int RealSystem::set_mtime(int fd, Time mtime) {
  const auto times = only_mtime(mtime);
  return on_file(
      fd, [&](int file) { return ::futimens(file, times.data()); },
      [&](const char* path) { return ::utimensat(AT_FDCWD, path, times.data(), 0); });
}

int RealSystem::set_mtime_at(int dir, const char* name, Time mtime) {
  const auto times = only_mtime(mtime);
  return or_errno(::utimensat(dir, name, times.data(), AT_SYMLINK_NOFOLLOW));
}

std::int64_t RealSystem::list_attributes(int dir, const char* name, std::span<std::byte> buffer) {
  auto* const list = reinterpret_cast<char*>(buffer.data());
  if (!is_open_file(name)) return or_errno(::llistxattr(path_in(dir, name).c_str(), list, buffer.size()));
  return on_file(
      dir, [&](int file) { return ::flistxattr(file, list, buffer.size()); },
      [&](const char* path) { return ::listxattr(path, list, buffer.size()); });
}

std::int64_t RealSystem::get_attribute(int dir, const char* name, const char* attribute, std::span<std::byte> buffer) {
  if (!is_open_file(name)) return or_errno(::lgetxattr(path_in(dir, name).c_str(), attribute, buffer.data(), buffer.size()));
  return on_file(
      dir, [&](int file) { return ::fgetxattr(file, attribute, buffer.data(), buffer.size()); },
      [&](const char* path) { return ::getxattr(path, attribute, buffer.data(), buffer.size()); });
}

int RealSystem::set_attribute(int dir, const char* name, const char* attribute, ByteView value) {
  if (!is_open_file(name)) return or_errno(::lsetxattr(path_in(dir, name).c_str(), attribute, value.data(), value.size(), 0));
  return on_file(
      dir, [&](int file) { return ::fsetxattr(file, attribute, value.data(), value.size(), 0); },
      [&](const char* path) { return ::setxattr(path, attribute, value.data(), value.size(), 0); });
}

int RealSystem::remove_attribute(int dir, const char* name, const char* attribute) {
  if (!is_open_file(name)) return or_errno(::lremovexattr(path_in(dir, name).c_str(), attribute));
  return on_file(
      dir, [&](int file) { return ::fremovexattr(file, attribute); }, [&](const char* path) { return ::removexattr(path, attribute); });
}

}  // namespace metamori
