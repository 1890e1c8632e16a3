#pragma once

// Private to base/: the class behind real_system(), spread over several files by subject.

#include <atomic>
#include <cerrno>
#include <map>
#include <mutex>

#include "base/system.hpp"

namespace metamori {

/// What a system call answered, as System reports it.
template <class Result>
Result or_errno(Result result) noexcept {
  return result < 0 ? static_cast<Result>(-errno) : result;
}

/// The path by which the kernel shows what descriptor `fd` refers to; it also serves O_PATH descriptors, which most calls refuse.
std::string descriptor_path(int fd);

/// System calls, nothing more; the only state is a cache of names and what the kernel was found not to have.
class RealSystem final : public System {
 public:
  int open_at(int dir, const char* name, int flags, std::uint32_t mode) override;
  int open_beneath(int dir, const char* path, int flags, std::uint32_t mode) override;
  int close(int fd) override;

  std::int64_t read_at(int fd, std::span<std::byte> buffer, std::uint64_t offset) override;
  std::int64_t write_at(int fd, ByteView bytes, std::uint64_t offset) override;
  int truncate(int fd, std::uint64_t size) override;
  std::int64_t seek_data(int fd, std::uint64_t offset) override;
  std::int64_t seek_hole(int fd, std::uint64_t offset) override;
  int punch_hole(int fd, std::uint64_t offset, std::uint64_t length) override;
  int clone_from(int fd, int source) override;
  int map(int fd, std::uint64_t size, const std::byte*& address) override;
  void unmap(const std::byte* address, std::uint64_t size) override;
  int drop_cache(int fd) override;

  int sync(int fd) override;
  int sync_file_system(int fd) override;
  int clean_pages(int fd) override;
  int start_writeback(int fd, std::uint64_t offset, std::uint64_t length) override;

  int stat(int fd, FileStat& result) override;
  int stat_at(int dir, const char* name, FileStat& result) override;
  int set_mode(int fd, std::uint32_t mode) override;
  int set_mode_at(int dir, const char* name, std::uint32_t mode) override;
  int set_owner_at(int dir, const char* name, std::uint32_t uid, std::uint32_t gid) override;
  int set_owner(int fd, std::uint32_t uid, std::uint32_t gid) override;
  int set_mtime(int fd, Time mtime) override;
  int set_mtime_at(int dir, const char* name, Time mtime) override;
  std::int64_t list_attributes(int dir, const char* name, std::span<std::byte> buffer) override;
  std::int64_t get_attribute(int dir, const char* name, const char* attribute, std::span<std::byte> buffer) override;
  int set_attribute(int dir, const char* name, const char* attribute, ByteView value) override;
  int remove_attribute(int dir, const char* name, const char* attribute) override;

  std::int64_t read_directory(int fd, std::span<std::byte> buffer) override;
  int rewind_directory(int fd) override;
  int make_directory(int dir, const char* name, std::uint32_t mode) override;
  int remove_file(int dir, const char* name) override;
  int remove_directory(int dir, const char* name) override;
  int rename(int from_dir, const char* from, int to_dir, const char* to, RenameMode mode) override;
  int link(int from_dir, const char* from, int to_dir, const char* to) override;
  int make_symlink(const char* target, int dir, const char* name) override;
  std::int64_t read_symlink(int dir, const char* name, std::span<std::byte> buffer) override;
  int make_node(int dir, const char* name, std::uint32_t mode, std::uint32_t major, std::uint32_t minor) override;

  int lock(int fd, LockMode mode) override;
  int file_system_info(int fd, FileSystemInfo& result) override;
  int probe_writers(int fd) override;
  Time now() override;
  std::int64_t monotonic_ns() override;
  void sleep_ns(std::int64_t duration) override;
  void random(std::span<std::byte> buffer) override;
  Identity identity() override;
  std::string user_name(std::uint32_t uid) override;
  std::string group_name(std::uint32_t gid) override;

 private:
  std::atomic<bool> has_openat2_{true};
  std::mutex names_mutex_;
  std::map<std::uint32_t, std::string> user_names_;
  std::map<std::uint32_t, std::string> group_names_;
};

/// open_beneath for kernels without openat2: one component after the other, none of them a symbolic link, `..` refused.
int open_beneath_by_components(int dir, std::string_view path, int flags, std::uint32_t mode);

}  // namespace metamori
