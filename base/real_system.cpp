#include "base/real_system.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cstdio>
#include <limits>

#include "base/assert.hpp"
#include "base/real_mappings.hpp"

namespace metamori {
namespace {

off_t as_offset(std::uint64_t value) noexcept { return static_cast<off_t>(value); }  // too large turns negative: the kernel says EINVAL

unsigned rename_flags(RenameMode mode) noexcept {
  switch (mode) {
    case RenameMode::replace:
      return 0;
    case RenameMode::no_replace:
      return RENAME_NOREPLACE;
    case RenameMode::exchange:
      return RENAME_EXCHANGE;
  }
  MM_ASSERT(false);
}

int lock_operation(LockMode mode) noexcept {
  switch (mode) {
    case LockMode::shared:
      return LOCK_SH;
    case LockMode::exclusive:
      return LOCK_EX;
    case LockMode::unlock:
      return LOCK_UN;
  }
  MM_ASSERT(false);
}

}  // namespace

int RealSystem::close(int fd) { return or_errno(::close(fd)); }

std::int64_t RealSystem::read_at(int fd, std::span<std::byte> buffer, std::uint64_t offset) {
  return or_errno(::pread(fd, buffer.data(), buffer.size(), as_offset(offset)));
}

std::int64_t RealSystem::write_at(int fd, ByteView bytes, std::uint64_t offset) {
  return or_errno(::pwrite(fd, bytes.data(), bytes.size(), as_offset(offset)));
}

int RealSystem::truncate(int fd, std::uint64_t size) { return or_errno(::ftruncate(fd, as_offset(size))); }
std::int64_t RealSystem::seek_data(int fd, std::uint64_t offset) { return or_errno(::lseek(fd, as_offset(offset), SEEK_DATA)); }
std::int64_t RealSystem::seek_hole(int fd, std::uint64_t offset) { return or_errno(::lseek(fd, as_offset(offset), SEEK_HOLE)); }

int RealSystem::punch_hole(int fd, std::uint64_t offset, std::uint64_t length) {
  return or_errno(::fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, as_offset(offset), as_offset(length)));
}

int RealSystem::clone_from(int fd, int source) { return or_errno(::ioctl(fd, FICLONE, source)); }

int RealSystem::map(int fd, std::uint64_t size, const std::byte*& address) {
  if (size > std::numeric_limits<std::size_t>::max()) return -EOVERFLOW;
  void* const mapped = ::mmap(nullptr, static_cast<std::size_t>(size), PROT_READ, MAP_PRIVATE, fd, 0);
  if (mapped == MAP_FAILED) return -errno;
  address = static_cast<const std::byte*>(mapped);
  note_mapped(address, static_cast<std::size_t>(size));
  return 0;
}

void RealSystem::unmap(const std::byte* address, std::uint64_t size) {
  note_unmapped(address);
  ::munmap(const_cast<std::byte*>(address), static_cast<std::size_t>(size));
}

int RealSystem::drop_cache(int fd) { return -::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED); }

int RealSystem::sync(int fd) { return or_errno(::fsync(fd)); }
int RealSystem::sync_file_system(int fd) { return or_errno(::syncfs(fd)); }

int RealSystem::clean_pages(int fd) {
  return or_errno(::sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER));
}

int RealSystem::start_writeback(int fd, std::uint64_t offset, std::uint64_t length) {
  return or_errno(::sync_file_range(fd, as_offset(offset), as_offset(length), SYNC_FILE_RANGE_WRITE));
}

std::int64_t RealSystem::read_directory(int fd, std::span<std::byte> buffer) {
  return or_errno(static_cast<std::int64_t>(::syscall(SYS_getdents64, fd, buffer.data(), buffer.size())));
}

int RealSystem::rewind_directory(int fd) { return ::lseek(fd, 0, SEEK_SET) < 0 ? -errno : 0; }
int RealSystem::make_directory(int dir, const char* name, std::uint32_t mode) { return or_errno(::mkdirat(dir, name, mode)); }
int RealSystem::remove_file(int dir, const char* name) { return or_errno(::unlinkat(dir, name, 0)); }
int RealSystem::remove_directory(int dir, const char* name) { return or_errno(::unlinkat(dir, name, AT_REMOVEDIR)); }

int RealSystem::rename(int from_dir, const char* from, int to_dir, const char* to, RenameMode mode) {
  return or_errno(::renameat2(from_dir, from, to_dir, to, rename_flags(mode)));
}

int RealSystem::link(int from_dir, const char* from, int to_dir, const char* to) {
  return or_errno(::linkat(from_dir, from, to_dir, to, 0));
}
int RealSystem::make_symlink(const char* target, int dir, const char* name) { return or_errno(::symlinkat(target, dir, name)); }

std::int64_t RealSystem::read_symlink(int dir, const char* name, std::span<std::byte> buffer) {
  return or_errno(::readlinkat(dir, name, reinterpret_cast<char*>(buffer.data()), buffer.size()));
}

int RealSystem::make_node(int dir, const char* name, std::uint32_t mode, std::uint32_t major, std::uint32_t minor) {
  return or_errno(::mknodat(dir, name, mode, makedev(major, minor)));
}

int RealSystem::lock(int fd, LockMode mode) { return or_errno(::flock(fd, lock_operation(mode) | LOCK_NB)); }

int RealSystem::file_system_info(int fd, FileSystemInfo& result) {
  struct statfs info {};
  if (::fstatfs(fd, &info) != 0) return -errno;
  const auto block_bytes = static_cast<std::uint64_t>(info.f_frsize > 0 ? info.f_frsize : info.f_bsize);
  result.type = static_cast<std::uint64_t>(info.f_type) & 0xffffffff;  // some magic numbers have the top bit set, and f_type is signed
  result.available_bytes = info.f_bavail * block_bytes;
  result.total_bytes = info.f_blocks * block_bytes;
  // A file system that makes inodes as they are needed counts none.
  result.available_inodes = info.f_files == 0 ? std::numeric_limits<std::uint64_t>::max() : info.f_ffree;
  result.read_only = (static_cast<unsigned long>(info.f_flags) & ST_RDONLY) != 0;
  return 0;
}

std::string descriptor_path(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

System& real_system() {
  static RealSystem system;
  return system;
}

}  // namespace metamori
