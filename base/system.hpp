#pragma once

// The one seam between Metamori and the machine: file system, clock, randomness. The engine calls nothing else that can fail for
// reasons outside it, so that tests can put a simulated disk, a failing disk or a stopped clock in its place.
//
// File calls follow the system calls they stand for: they return a value >= 0, or -errno. They may be interrupted (-EINTR) and may
// read or write less than asked; `base/files.hpp` deals with that and turns errors into `Error`. Descriptors are plain ints here and
// owned by `Fd` (base/files.hpp) everywhere else. All members may be called from several threads.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "metamori/types.hpp"

namespace metamori {

/// What statx tells about a file. `mode` has type and permission bits, as in struct stat.
struct FileStat {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint32_t mode = 0;
  std::uint32_t link_count = 0;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint32_t device_major = 0;  ///< of a device node
  std::uint32_t device_minor = 0;
  std::uint64_t size_bytes = 0;
  std::uint64_t allocated_bytes = 0;
  Time mtime;
  Time ctime;
  friend bool operator==(const FileStat&, const FileStat&) = default;
};

/// What statfs tells about a file system.
struct FileSystemInfo {
  std::uint64_t type = 0;             ///< the f_type magic number
  std::uint64_t available_bytes = 0;  ///< for this user
  std::uint64_t total_bytes = 0;
  std::uint64_t available_inodes = 0;
  bool read_only = false;
};

enum class RenameMode { replace, no_replace, exchange };
enum class LockMode { shared, exclusive, unlock };

/// Who is running: for locks, default author and messages.
struct Identity {
  std::string host;
  std::string boot_id;
  std::uint32_t pid = 0;
  std::uint32_t uid = 0;
};

class System {
 public:
  virtual ~System() = default;

  // Opening. `dir` is a descriptor or AT_FDCWD; names are NUL-terminated. O_CLOEXEC is always added.
  virtual int open_at(int dir, const char* name, int flags, std::uint32_t mode) = 0;
  /// openat2 with RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS; `path` may have several components, together below
  /// PATH_MAX.
  virtual int open_beneath(int dir, const char* path, int flags, std::uint32_t mode) = 0;
  virtual int close(int fd) = 0;

  // Bytes.
  virtual std::int64_t read_at(int fd, std::span<std::byte> buffer, std::uint64_t offset) = 0;
  virtual std::int64_t write_at(int fd, ByteView bytes, std::uint64_t offset) = 0;
  virtual int truncate(int fd, std::uint64_t size) = 0;
  virtual std::int64_t seek_data(int fd, std::uint64_t offset) = 0;  ///< SEEK_DATA: -ENXIO past the last data
  virtual std::int64_t seek_hole(int fd, std::uint64_t offset) = 0;
  virtual int punch_hole(int fd, std::uint64_t offset, std::uint64_t length) = 0;  ///< keeps the size
  virtual int clone_from(int fd, int source) = 0;                                  ///< FICLONE
  /// Maps the whole file for reading; `size` as told by stat. Puts the address into `address`.
  virtual int map(int fd, std::uint64_t size, const std::byte*& address) = 0;
  virtual void unmap(const std::byte* address, std::uint64_t size) = 0;
  virtual int drop_cache(int fd) = 0;  ///< posix_fadvise DONTNEED: advice, may do nothing

  // Durability.
  virtual int sync(int fd) = 0;              ///< fsync, of files and directories
  virtual int sync_file_system(int fd) = 0;  ///< syncfs
  /// Writes dirty pages out and waits (sync_file_range WAIT_BEFORE|WRITE|WAIT_AFTER), so that the next store through a shared mapping moves
  /// ctime. Not durable.
  virtual int clean_pages(int fd) = 0;
  virtual int start_writeback(int fd, std::uint64_t offset, std::uint64_t length) = 0;

  // Attributes. The `_at` forms never follow a symbolic link; `name` is one component.
  virtual int stat(int fd, FileStat& result) = 0;
  virtual int stat_at(int dir, const char* name, FileStat& result) = 0;
  virtual int set_mode(int fd, std::uint32_t mode) = 0;
  virtual int set_mode_at(int dir, const char* name, std::uint32_t mode) = 0;  ///< not for symbolic links
  virtual int set_owner_at(int dir, const char* name, std::uint32_t uid, std::uint32_t gid) = 0;
  virtual int set_owner(int fd, std::uint32_t uid, std::uint32_t gid) = 0;
  virtual int set_mtime(int fd, Time mtime) = 0;  ///< leaves atime alone
  virtual int set_mtime_at(int dir, const char* name, Time mtime) = 0;
  // Extended attributes of `name` in `dir` without following links, or of the open file `dir` if `name` is empty. Sizes as the system
  // calls: an empty buffer asks for the size needed; -ERANGE if too small.
  virtual std::int64_t list_attributes(int dir, const char* name, std::span<std::byte> buffer) = 0;
  virtual std::int64_t get_attribute(int dir, const char* name, const char* attribute, std::span<std::byte> buffer) = 0;
  virtual int set_attribute(int dir, const char* name, const char* attribute, ByteView value) = 0;
  virtual int remove_attribute(int dir, const char* name, const char* attribute) = 0;

  // Names.
  /// getdents64: fills `buffer` with struct linux_dirent64 records and returns their bytes; 0 at the end.
  virtual std::int64_t read_directory(int fd, std::span<std::byte> buffer) = 0;
  /// Makes the next read_directory start again.
  virtual int rewind_directory(int fd) = 0;
  virtual int make_directory(int dir, const char* name, std::uint32_t mode) = 0;
  virtual int remove_file(int dir, const char* name) = 0;
  virtual int remove_directory(int dir, const char* name) = 0;
  virtual int rename(int from_dir, const char* from, int to_dir, const char* to, RenameMode mode) = 0;
  virtual int link(int from_dir, const char* from, int to_dir, const char* to) = 0;
  virtual int make_symlink(const char* target, int dir, const char* name) = 0;
  virtual std::int64_t read_symlink(int dir, const char* name, std::span<std::byte> buffer) = 0;
  virtual int make_node(int dir, const char* name, std::uint32_t mode, std::uint32_t major, std::uint32_t minor) = 0;

  // The rest.
  virtual int lock(int fd, LockMode mode) = 0;  ///< flock, never waits: -EWOULDBLOCK
  virtual int file_system_info(int fd, FileSystemInfo& result) = 0;
  /// Tries a read lease for an instant: 0 nobody has the file open for writing, 1 somebody has, otherwise -errno: unknown.
  virtual int probe_writers(int fd) = 0;
  virtual Time now() = 0;  ///< the real-time clock
  virtual std::int64_t monotonic_ns() = 0;
  virtual void sleep_ns(std::int64_t duration) = 0;
  virtual void random(std::span<std::byte> buffer) = 0;
  virtual Identity identity() = 0;
  /// The name of a user or group, empty if it has none.
  virtual std::string user_name(std::uint32_t uid) = 0;
  virtual std::string group_name(std::uint32_t gid) = 0;
};

/// The real machine. Stateless; one object serves the whole process.
System& real_system();

}  // namespace metamori
