#pragma once

// Files above the seam: descriptors with owners, errors with paths, EINTR and short writes dealt with, and the few ways in which Metamori
// lets bytes become durable. Bytes before names, names before references.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/system.hpp"
#include "metamori/error.hpp"

namespace metamori {

/// Throws: ENOSPC and EDQUOT as `no_space`, everything else as `io`. `error` is a positive errno.
[[noreturn]] void throw_io(int error, std::string_view action, std::string_view path);

/// A path quoted for messages: shell-like, control characters and invalid UTF-8 escaped.
std::string quoted(std::string_view path);

/// Owns a descriptor of a System.
class Fd {
 public:
  Fd() noexcept = default;
  Fd(System& system, int raw) noexcept : system_(&system), raw_(raw) {}
  Fd(Fd&& other) noexcept : system_(other.system_), raw_(std::exchange(other.raw_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(system_, other.system_);
    std::swap(raw_, other.raw_);
    return *this;
  }
  ~Fd() {
    if (raw_ >= 0) system_->close(raw_);  // abandoned or read-only files: the result tells nothing
  }
  [[nodiscard]] int get() const noexcept { return raw_; }
  [[nodiscard]] bool is_open() const noexcept { return raw_ >= 0; }
  /// Every written file ends here, because late write errors surface in close(). Throws io.
  void close(std::string_view path);
  int release() noexcept { return std::exchange(raw_, -1); }

 private:
  System* system_ = nullptr;
  int raw_ = -1;
};

/// Repeats `call` while it answers -EINTR.
template <class Call>
auto retry_interrupted(Call call) {
  auto result = call();
  while (result == -4 /* EINTR */) result = call();
  return result;
}

// Each of these throws io (or no_space), naming `path`, when the system call fails.
Fd open_file(System& system, int dir, const char* name, int flags, std::uint32_t mode, std::string_view path);
Fd open_directory(System& system, int dir, const char* name, std::string_view path);
/// Nothing if it does not exist (ENOENT, ENOTDIR).
std::optional<Fd> find_file(System& system, int dir, const char* name, int flags, std::string_view path);
FileStat stat_of(System& system, int fd, std::string_view path);
/// Nothing if it does not exist.
std::optional<FileStat> find_stat(System& system, int dir, const char* name, std::string_view path);
/// Reads until `buffer` is full or the file ends; returns the bytes read.
std::size_t read_up_to(System& system, int fd, std::span<std::byte> buffer, std::uint64_t offset, std::string_view path);
void write_all(System& system, int fd, ByteView bytes, std::uint64_t offset, std::string_view path);
/// The whole of a small file; throws `corrupt` if it is longer than `limit`.
Bytes read_whole(System& system, int fd, std::uint64_t limit, std::string_view path);
void sync_file(System& system, int fd, std::string_view path);
/// Names in a directory but `.` and `..`, with their d_type, in no order. Works on any open directory descriptor, from its start.
struct DirectoryName {
  std::string name;
  std::uint8_t type = 0;
};
std::vector<DirectoryName> list_directory(System& system, int fd, std::string_view path);

/// A name that no other writer uses: `prefix`, 32 random hex digits.
std::string unique_name(System& system, std::string_view prefix);

/// Makes `name` in the repository directory `dir`, which must not exist yet, and opens it (`access`: O_WRONLY or O_RDWR). Mode 0600, or
/// 0660 where the directory may be written by its group: a shared repository.
Fd create_temporary(System& system, int dir, const char* name, int access, std::string_view path);

/// Publishes `tmp_name` in `tmp_dir` as `name` in `dir` unless that exists; does not sync. Falls back to link + unlink where the file
/// system has no RENAME_NOREPLACE, confirming by inode. Returns whether this call made the name; false: it existed.
bool publish_no_replace(System& system, int tmp_dir, const std::string& tmp_name, int dir, const std::string& name, std::string_view path);

/// Replaces `name` in `dir` as a whole, by way of a temporary in `tmp_dir` (same file system). On return the new bytes survive power loss;
/// on any Error it is wholly old or wholly new. Costs two fsyncs. Mode 0600 unless said otherwise.
void replace_file(System& system, int tmp_dir, int dir, const std::string& name, ByteView bytes, std::string_view path,
                  std::uint32_t mode = 0600);
/// As replace_file without any fsync: for derived files whose bytes carry a checksum.
void replace_cache_file(System& system, int tmp_dir, int dir, const std::string& name, ByteView bytes, std::string_view path);

/// A file mapped for reading; unmapped by the destructor. Only for files that are never changed in place.
class Mapping {
 public:
  Mapping() noexcept = default;
  Mapping(System& system, int fd, std::uint64_t size, std::string_view path);
  Mapping(Mapping&& other) noexcept;
  Mapping& operator=(Mapping&& other) noexcept;
  ~Mapping();
  [[nodiscard]] ByteView bytes() const noexcept { return {address_, static_cast<std::size_t>(size_)}; }

 private:
  System* system_ = nullptr;
  const std::byte* address_ = nullptr;
  std::uint64_t size_ = 0;
};

}  // namespace metamori
