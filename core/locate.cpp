#include "core/locate.hpp"

#include <fcntl.h>

#include <array>
#include <cerrno>
#include <vector>

#include "base/bytes.hpp"
#include "core/engine.hpp"
#include "core/format_file.hpp"

namespace metamori {
namespace {

constexpr std::size_t kMaxPathBytes = 4096;
constexpr int kDirectoryFlags = O_RDONLY | O_DIRECTORY;

[[noreturn]] void fail_not_there(std::string_view what, std::string_view path) {
  throw Error(ErrorKind::no_repository, std::string(what) + ' ' + quoted(path), "'metamori init' makes one", std::string(path));
}

/// A directory that a user named; symbolic links on the way are followed. -errno where it can't be opened.
int try_open(System& system, const std::string& path, int flags) {
  return retry_interrupted([&] { return system.open_at(AT_FDCWD, path.c_str(), flags, 0); });
}

/// Follows a `.metamori` file to the repository.
void follow_pointer(System& system, const std::string& pointer, Location& location) {
  const auto text = find_text(system, AT_FDCWD, pointer.c_str(), pointer);
  if (!text) fail_not_there("no repository at", pointer);
  std::string target = decode_pointer(*text, pointer);
  if (!target.starts_with('/')) target = joined_path(parent_path(pointer), target);
  const int fd = try_open(system, target, kDirectoryFlags);
  if (fd == -ENOENT || fd == -ENOTDIR)
    throw Error(ErrorKind::no_repository, "the repository " + quoted(target) + ", to which " + quoted(pointer) + " points, is not there",
                "if it was moved, write where it is now into that file: 'metamori-dir: PATH'", target);
  if (fd < 0) throw_io(-fd, "open", target);
  location.repository = Fd(system, fd);
  location.repository_directory = absolute_path(system, fd, target);
}

/// Opens what is called `.metamori` in `directory`: the repository itself, or a pointer to it. False if there is no such name.
bool open_named_repository(System& system, const std::string& directory, Location& location) {
  const std::string path = joined_path(directory, kRepositoryName);
  const int fd = try_open(system, path, kDirectoryFlags | O_NOFOLLOW);
  if (fd >= 0) {
    location.repository = Fd(system, fd);
    location.repository_directory = path;
    return true;
  }
  if (fd == -ENOENT) return false;
  FileStat found;
  if (retry_interrupted([&] { return system.stat_at(AT_FDCWD, path.c_str(), found); }) < 0) return false;  // can't be seen from here
  constexpr std::uint32_t kTypeBits = 0170000, kSymlink = 0120000;
  if ((found.mode & kTypeBits) == kSymlink)
    throw Error(ErrorKind::refused, quoted(path) + " is a symbolic link, which is never followed",
                "'metamori init --repo-dir PATH' makes a repository elsewhere", path);
  if (fd == -EACCES)
    throw Error(ErrorKind::refused, "the repository " + quoted(path) + " can't be entered", "work as its owner, or use another", path);
  if (fd != -ENOTDIR) throw_io(-fd, "open", path);
  follow_pointer(system, path, location);
  return true;
}

Fd open_tree(System& system, const std::string& path) {
  const int fd = try_open(system, path, kDirectoryFlags);
  if (fd < 0) throw_io(-fd, "open", path);
  return {system, fd};
}

Location locate_upwards(System& system, const std::string& start) {
  const int fd = try_open(system, start, O_PATH | O_DIRECTORY);
  if (fd < 0) throw_io(-fd, "open", start);
  const Fd start_fd(system, fd);
  const std::string first = absolute_path(system, fd, start);
  Location location;
  for (std::string directory = first;; directory = parent_path(directory)) {
    if (open_named_repository(system, directory, location)) {
      location.tree = open_tree(system, directory);
      location.tree_directory = directory;
      return location;
    }
    if (directory == "/") fail_not_there("no repository in or above", first);
  }
}

/// The tree of a repository that was opened by its own name: told by its `tree` file, else the directory it stands in.
void find_tree(System& system, Location& location) {
  const auto text = find_text(system, location.repository.get(), "tree", joined_path(location.repository_directory, "tree"));
  if (text) {
    std::string path = *text;
    if (path.ends_with('\n')) path.pop_back();
    if (!path.starts_with('/')) path = joined_path(location.repository_directory, path);
    location.tree_directory = normalized_path(path);
  } else {
    location.tree_directory = parent_path(location.repository_directory);
  }
  const int fd = try_open(system, location.tree_directory, kDirectoryFlags);
  if (fd >= 0)
    location.tree = Fd(system, fd);
  else if (fd != -ENOENT && fd != -ENOTDIR && fd != -EACCES)
    throw_io(-fd, "open", location.tree_directory);
}

Location locate_named(System& system, const std::string& path) {
  Location location;
  const int fd = try_open(system, path, kDirectoryFlags);
  if (fd == -ENOENT) fail_not_there("no repository at", path);
  if (fd == -ENOTDIR) {
    follow_pointer(system, path, location);
    find_tree(system, location);
    return location;
  }
  if (fd < 0) throw_io(-fd, "open", path);
  Fd opened(system, fd);
  const std::string directory = absolute_path(system, fd, path);
  if (find_stat(system, fd, "format", path) || directory.ends_with(std::string("/") + kRepositoryName)) {
    location.repository = std::move(opened);
    location.repository_directory = directory;
    find_tree(system, location);
    return location;
  }
  if (!open_named_repository(system, directory, location)) fail_not_there("no repository at", directory);
  location.tree = std::move(opened);
  location.tree_directory = directory;
  return location;
}

}  // namespace

std::string joined_path(std::string_view directory, std::string_view name) {
  std::string path(directory);
  if (!path.ends_with('/')) path += '/';
  return path += name;
}

std::string parent_path(std::string_view absolute) {
  const auto slash = absolute.find_last_of('/');
  return slash == std::string_view::npos || slash == 0 ? "/" : std::string(absolute.substr(0, slash));
}

std::string normalized_path(std::string_view absolute) {
  std::vector<std::string_view> components;
  while (!absolute.empty()) {
    const auto slash = absolute.find('/');
    const std::string_view component = absolute.substr(0, slash);
    absolute.remove_prefix(slash == std::string_view::npos ? absolute.size() : slash + 1);
    if (component == ".." && !components.empty()) components.pop_back();
    if (!component.empty() && component != "." && component != "..") components.push_back(component);
  }
  std::string path;
  for (const std::string_view component : components) (path += '/') += component;
  return path.empty() ? "/" : path;
}

std::string absolute_path(System& system, int fd, std::string_view given) {
  std::array<std::byte, kMaxPathBytes> buffer;
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  const std::int64_t length = retry_interrupted([&] { return system.read_symlink(AT_FDCWD, link.c_str(), buffer); });
  if (length > 0 && static_cast<std::size_t>(length) < buffer.size() && buffer[0] == std::byte{'/'})
    return std::string(as_text(std::span(buffer).first(static_cast<std::size_t>(length))));
  // Without /proc the path is what the caller said, if that says it all.
  if (!given.starts_with('/'))
    throw Error(ErrorKind::io, "find the absolute path of " + quoted(given) + ": /proc is not mounted", {}, std::string(given));
  return normalized_path(given);
}

std::optional<std::string> find_text(System& system, int dir, const char* name, std::string_view path) {
  auto file = find_file(system, dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, path);
  if (!file) return std::nullopt;
  const Bytes bytes = read_whole(system, file->get(), kSmallFileLimit, path);
  return std::string(as_text(bytes));
}

Location locate_repository(System& system, const OpenOptions& options) {
  return options.repository_dir ? locate_named(system, *options.repository_dir) : locate_upwards(system, options.start_directory);
}

}  // namespace metamori
