#include "tests/golden/golden_world.hpp"

#include <sys/stat.h>

#include <stdexcept>

namespace metamori::test {

GoldenWorld::GoldenWorld() {
  disk().make_directories(kTree);
  init_at_tree(disk());
}

void GoldenWorld::require(std::int64_t result, std::string_view what, const std::string& path) {
  if (result < 0) throw std::runtime_error(std::string(what) + ' ' + path + ": error " + std::to_string(-result));
}

void GoldenWorld::put(const std::string& path, ByteView bytes, std::uint32_t mode) { disk().write_file(full(path), bytes, mode); }

void GoldenWorld::append(const std::string& path, std::string_view text) {
  FileStat stat;
  require(disk().stat_at(AT_FDCWD, full(path).c_str(), stat), "stat", path);
  put_at(path, stat.size_bytes, as_bytes(text));
}

void GoldenWorld::put_at(const std::string& path, std::uint64_t offset, ByteView bytes) {
  Fd file = open_file(disk(), AT_FDCWD, full(path).c_str(), O_WRONLY | O_CREAT, 0644, path);
  write_all(disk(), file.get(), bytes, offset, path);
  file.close(path);
}

void GoldenWorld::resize(const std::string& path, std::uint64_t size) {
  Fd file = open_file(disk(), AT_FDCWD, full(path).c_str(), O_WRONLY | O_CREAT, 0644, path);
  require(disk().truncate(file.get(), size), "truncate", path);
  file.close(path);
}

void GoldenWorld::make_directory(const std::string& path, std::uint32_t mode) {
  disk().make_directories(full(path));
  set_mode(path, mode);
}

void GoldenWorld::make_symlink(const std::string& path, const std::string& target) {
  require(disk().make_symlink(target.c_str(), AT_FDCWD, full(path).c_str()), "symlink", path);
}

void GoldenWorld::make_node(const std::string& path, std::uint32_t type_and_mode, std::uint32_t major, std::uint32_t minor) {
  require(disk().make_node(AT_FDCWD, full(path).c_str(), type_and_mode, major, minor), "mknod", path);
}

void GoldenWorld::link(const std::string& from, const std::string& to) {
  require(disk().link(AT_FDCWD, full(from).c_str(), AT_FDCWD, full(to).c_str()), "link", to);
}

void GoldenWorld::remove(const std::string& path) {
  FileStat stat;
  require(disk().stat_at(AT_FDCWD, full(path).c_str(), stat), "stat", path);
  if (S_ISDIR(stat.mode))
    disk().remove_tree(full(path));
  else
    require(disk().remove_file(AT_FDCWD, full(path).c_str()), "remove", path);
}

void GoldenWorld::set_owner(const std::string& path, GoldenOwner owner) {
  require(disk().set_owner_at(AT_FDCWD, full(path).c_str(), owner.uid, owner.gid), "chown", path);
}

void GoldenWorld::set_mode(const std::string& path, std::uint32_t mode) {
  require(disk().set_mode_at(AT_FDCWD, full(path).c_str(), mode), "chmod", path);
}

void GoldenWorld::set_time(const std::string& path, Time mtime) {
  require(disk().set_mtime_at(AT_FDCWD, full(path).c_str(), mtime), "utimens", path);
}

void GoldenWorld::set_attribute(const std::string& path, const std::string& name, ByteView value) {
  require(disk().set_attribute(AT_FDCWD, full(path).c_str(), name.c_str(), value), "setxattr", path);
}

Bytes GoldenWorld::noise(std::size_t size) {
  Bytes bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random_() >> 56);
  return bytes;
}

}  // namespace metamori::test
