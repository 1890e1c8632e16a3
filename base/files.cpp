#include "base/files.hpp"

#include <dirent.h>
#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <system_error>

#include "base/assert.hpp"
#include "base/bytes.hpp"

namespace metamori {
namespace {

constexpr std::size_t kDirectoryBufferBytes = 32 * 1024;
constexpr std::size_t kUniqueBytes = 16;

bool is_missing(int error) noexcept { return error == -ENOENT || error == -ENOTDIR; }

/// Appends the names in one buffer that getdents64 filled.
void append_names(ByteView records, std::string_view path, std::vector<DirectoryName>& names) {
  while (!records.empty()) {
    std::uint16_t record_bytes = 0;
    constexpr std::size_t kNameOffset = offsetof(struct dirent64, d_name);
    if (records.size() > kNameOffset) std::memcpy(&record_bytes, records.data() + offsetof(struct dirent64, d_reclen), sizeof record_bytes);
    if (record_bytes <= kNameOffset || record_bytes > records.size()) throw_io(EIO, "read directory", path);
    const auto type = std::to_integer<std::uint8_t>(records[offsetof(struct dirent64, d_type)]);
    const std::string_view field = as_text(records.subspan(kNameOffset, record_bytes - kNameOffset));
    const std::string_view name = field.substr(0, field.find('\0'));
    if (name != "." && name != "..") names.push_back({std::string(name), type});
    records = records.subspan(record_bytes);
  }
}

}  // namespace

void throw_io(int error, std::string_view action, std::string_view path) {
  const bool full = error == ENOSPC || error == EDQUOT;
  std::string message(action);
  if (!path.empty()) message += ' ' + quoted(path);
  message += ": " + std::generic_category().message(error);
  throw Error(full ? ErrorKind::no_space : ErrorKind::io, message, {}, std::string(path));
}

void Fd::close(std::string_view path) {
  MM_ASSERT(is_open());
  // Linux gives the descriptor up even when close is interrupted; a second close could hit another thread's file.
  if (const int result = system_->close(std::exchange(raw_, -1)); result < 0 && result != -EINTR) throw_io(-result, "close", path);
}

Fd open_file(System& system, int dir, const char* name, int flags, std::uint32_t mode, std::string_view path) {
  const int fd = retry_interrupted([&] { return system.open_at(dir, name, flags, mode); });
  if (fd < 0) throw_io(-fd, (flags & O_CREAT) != 0 ? "create" : "open", path);
  return {system, fd};
}

Fd open_directory(System& system, int dir, const char* name, std::string_view path) {
  return open_file(system, dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, path);
}

std::optional<Fd> find_file(System& system, int dir, const char* name, int flags, std::string_view path) {
  const int fd = retry_interrupted([&] { return system.open_at(dir, name, flags, 0); });
  if (is_missing(fd)) return std::nullopt;
  if (fd < 0) throw_io(-fd, "open", path);
  return Fd(system, fd);
}

FileStat stat_of(System& system, int fd, std::string_view path) {
  FileStat result;
  if (const int error = retry_interrupted([&] { return system.stat(fd, result); }); error < 0) throw_io(-error, "examine", path);
  return result;
}

std::optional<FileStat> find_stat(System& system, int dir, const char* name, std::string_view path) {
  FileStat result;
  const int error = retry_interrupted([&] { return system.stat_at(dir, name, result); });
  if (is_missing(error)) return std::nullopt;
  if (error < 0) throw_io(-error, "examine", path);
  return result;
}

std::size_t read_up_to(System& system, int fd, std::span<std::byte> buffer, std::uint64_t offset, std::string_view path) {
  std::size_t done = 0;
  while (done < buffer.size()) {
    const std::int64_t count = retry_interrupted([&] { return system.read_at(fd, buffer.subspan(done), offset + done); });
    if (count < 0) throw_io(static_cast<int>(-count), "read", path);
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  return done;
}

void write_all(System& system, int fd, ByteView bytes, std::uint64_t offset, std::string_view path) {
  while (!bytes.empty()) {
    const std::int64_t count = retry_interrupted([&] { return system.write_at(fd, bytes, offset); });
    if (count < 0) throw_io(static_cast<int>(-count), "write", path);
    if (count == 0) throw_io(EIO, "write", path);  // else a device that takes nothing would keep us here for ever
    bytes = bytes.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
}

Bytes read_whole(System& system, int fd, std::uint64_t limit, std::string_view path) {
  const std::uint64_t size = stat_of(system, fd, path).size_bytes;
  Bytes bytes;
  std::size_t done = 0;
  // One byte more than is expected, so that the end of the file is seen without another call; the file may grow meanwhile.
  for (std::uint64_t room = std::min(size, limit) + 1;; room = std::min(2 * room, limit + 1)) {
    bytes.resize(static_cast<std::size_t>(room));
    done += read_up_to(system, fd, std::span(bytes).subspan(done), done, path);
    if (done > limit)
      throw Error(ErrorKind::corrupt, quoted(path) + " is longer than " + std::to_string(limit) + " bytes", {}, std::string(path));
    if (done < bytes.size()) break;
  }
  bytes.resize(done);
  return bytes;
}

void sync_file(System& system, int fd, std::string_view path) {
  if (const int error = retry_interrupted([&] { return system.sync(fd); }); error < 0) throw_io(-error, "sync", path);
}

std::vector<DirectoryName> list_directory(System& system, int fd, std::string_view path) {
  if (const int error = retry_interrupted([&] { return system.rewind_directory(fd); }); error < 0) throw_io(-error, "read directory", path);
  std::vector<DirectoryName> names;
  alignas(struct dirent64) std::array<std::byte, kDirectoryBufferBytes> buffer;
  for (;;) {
    const std::int64_t count = retry_interrupted([&] { return system.read_directory(fd, buffer); });
    if (count < 0) throw_io(static_cast<int>(-count), "read directory", path);
    if (count == 0) return names;
    append_names(std::span(buffer).first(static_cast<std::size_t>(count)), path, names);
  }
}

std::string unique_name(System& system, std::string_view prefix) {
  std::array<std::byte, kUniqueBytes> bytes;
  system.random(bytes);
  return std::string(prefix) + to_hex(ByteView(bytes));
}

}  // namespace metamori
