// SimSystem: paths and opening.

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "tests/support/sim_system.hpp"

namespace metamori::test {
namespace {

constexpr int kFirstDescriptor = 3;
constexpr std::size_t kMaxDescriptors = 1024;
constexpr int kMaxLinks = 40;
constexpr std::size_t kNameMax = 255;
constexpr std::size_t kPathMax = 4096;
constexpr std::uint32_t kModeBits = 07777;

}  // namespace

SimSystem::OpenFile* SimSystem::find_open(int fd) const {
  const auto index = static_cast<std::size_t>(fd - kFirstDescriptor);
  return fd >= kFirstDescriptor && index < open_files_.size() ? open_files_[index].get() : nullptr;
}

int SimSystem::start_of(int dir, std::string_view path, InodeId& start) const {
  start = kRootInode;
  if (path.empty()) return -ENOENT;
  if (path.size() >= kPathMax) return -ENAMETOOLONG;
  if (path.front() == '/' || dir == AT_FDCWD) return 0;
  const OpenFile* const file = find_open(dir);
  if (file == nullptr) return -EBADF;
  if (!S_ISDIR(disk_.inode(file->inode).mode)) return -ENOTDIR;
  start = file->inode;
  return 0;
}

SimSystem::Target SimSystem::resolve(int dir, std::string_view path, Links links) const {
  InodeId start = kRootInode;
  if (const int error = start_of(dir, path, start); error < 0) return {error};
  int links_left = kMaxLinks;
  return walk(start, path, links, links_left);
}

SimSystem::Target SimSystem::walk(InodeId start, std::string_view path, Links links, int& links_left) const {
  if (!path.empty() && path.front() == '/') start = kRootInode;
  Target at{0, disk_.inode(start).parent, {}, start};
  while (true) {
    path.remove_prefix(std::min(path.find_first_not_of('/'), path.size()));
    if (path.empty()) return at;
    const std::string name(path.substr(0, path.find('/')));
    path.remove_prefix(name.size());
    const bool last = path.find_first_not_of('/') == std::string_view::npos;
    if (!at.exists()) return {-ENOENT};
    const SimInode& here = disk_.inode(at.inode);
    if (!S_ISDIR(here.mode)) return {-ENOTDIR};
    if (name.size() > kNameMax) return {-ENAMETOOLONG};
    if (name == ".") {
      at.name = name;
      continue;
    }
    if (name == "..") {
      at = {0, disk_.inode(here.parent).parent, name, here.parent};
      continue;
    }
    // A directory that was removed but is still open has no names, and takes none.
    if (here.link_count == 0) return {-ENOENT};
    const InodeId found = disk_.find(at.inode, name).value_or(kNoInode);
    if (last && !path.empty() && links == Links::create) return {-EISDIR};
    const bool is_link = found != kNoInode && S_ISLNK(disk_.inode(found).mode);
    const bool must_follow = !last || (!path.empty() && links != Links::names) || links == Links::follow_all || links == Links::create;
    if (is_link && links == Links::refuse && (!last || !path.empty())) return {-ELOOP};
    if (is_link && links != Links::refuse && must_follow) {
      if (links_left-- == 0) return {-ELOOP};
      at = walk(at.inode, disk_.inode(found).link_target, last && links == Links::create ? links : Links::follow_all, links_left);
      if (at.error != 0) return at;
    } else {
      at = {0, at.inode, name, found};
    }
    if (last && !path.empty() && links == Links::names) {
      at.trailing_slash = true;
      return at;
    }
    if (last && !path.empty() && at.exists() && !S_ISDIR(disk_.inode(at.inode).mode)) return {-ENOTDIR};
  }
}

SimSystem::Target SimSystem::resolve_or_open(int dir, const char* name) const {
  if (*name != '\0') return resolve(dir, name, Links::follow_parents);
  const OpenFile* const file = find_open(dir);
  if (file == nullptr) return {-EBADF};
  return {0, kNoInode, {}, file->inode};
}

int SimSystem::open_at(int dir, const char* name, int flags, std::uint32_t mode) {
  const std::lock_guard lock(mutex_);
  const bool follow = (flags & O_NOFOLLOW) == 0 && (flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL);
  return open_with(dir, name, flags, mode, !follow ? Links::follow_parents : (flags & O_CREAT) != 0 ? Links::create : Links::follow_all);
}

int SimSystem::open_beneath(int dir, const char* path, int flags, std::uint32_t mode) {
  const std::lock_guard lock(mutex_);
  if (*path == '/') return -EXDEV;
  InodeId start = kRootInode;
  if (const int error = start_of(dir, path, start); error < 0) return error;
  // `..` may go up as far as the start.
  int depth = 0;
  for (std::string_view rest = path; !rest.empty();) {
    const std::string_view name = rest.substr(0, rest.find('/'));
    if (name == ".." && --depth < 0) return -EXDEV;
    if (!name.empty() && name != "." && name != "..") ++depth;
    rest.remove_prefix(std::min(name.size() + 1, rest.size()));
  }
  return open_with(dir, path, flags, mode, Links::refuse);
}

int SimSystem::open_with(int dir, std::string_view path, int flags, std::uint32_t mode, Links links) {
  if ((flags & O_PATH) != 0) flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW;
  if ((flags & O_TMPFILE) == O_TMPFILE) {
    const Target directory = resolve(dir, path, links);
    if (links == Links::refuse && directory.exists() && S_ISLNK(disk_.inode(directory.inode).mode)) return -ELOOP;
    return open_nameless(directory, flags, mode);
  }
  const bool creates = (flags & O_CREAT) != 0;
  if (creates && !path.empty() && path.back() == '/') {
    const Target parent =
        resolve(dir, path.substr(0, path.find_last_not_of('/') + 1), links == Links::refuse ? links : Links::follow_parents);
    return parent.error != 0 ? parent.error : -EISDIR;
  }
  Target target = resolve(dir, path, links);
  if (target.error != 0) return target.error;
  if (!target.exists()) {
    if (!creates) return -ENOENT;
    const NewInode what{S_IFREG | (mode & kModeBits & ~options_.umask)};
    if (const int error = make_name(target, what, "create"); error < 0) return error;
    target.inode = *disk_.find(target.dir, target.name);
    return open_target(target, flags);
  }
  const SimInode& inode = disk_.inode(target.inode);
  if (creates && (flags & O_EXCL) != 0) return -EEXIST;
  // A symbolic link is left unfollowed only if following was refused.
  if (S_ISLNK(inode.mode) && links == Links::refuse && (flags & O_NOFOLLOW) == 0) return -ELOOP;
  if (const int error = check_open(target, flags); error < 0) return error;
  if ((flags & O_TRUNC) != 0 && S_ISREG(inode.mode) && (flags & O_PATH) == 0) {
    const int error = options_.read_only ? -EROFS : change_size(target.inode, 0, "truncate");
    if (error < 0) return error;
  }
  return open_target(target, flags);
}

/// A file that has no name and is given none.
int SimSystem::open_nameless(const Target& directory, int flags, std::uint32_t mode) {
  if (directory.error != 0) return directory.error;
  if ((flags & O_ACCMODE) == O_RDONLY) return -EINVAL;
  if (!directory.exists()) return -ENOENT;
  if (!S_ISDIR(disk_.inode(directory.inode).mode)) return -ENOTDIR;
  if (options_.read_only) return -EROFS;
  const NewInode what{S_IFREG | (mode & kModeBits & ~options_.umask)};
  if (const int error = check_room_for(what); error < 0) return error;
  begin_event("create nameless");
  Target made;
  made.dir = directory.inode;
  made.inode = make_inode(made, what);
  return open_target(made, flags);
}

int SimSystem::check_open(const Target& target, int flags) const {
  const std::uint32_t mode = disk_.inode(target.inode).mode;
  const bool writes = (flags & O_ACCMODE) != O_RDONLY;
  if ((flags & O_DIRECTORY) != 0 && !S_ISDIR(mode)) return -ENOTDIR;
  if ((flags & O_PATH) != 0) return 0;
  if (S_ISLNK(mode)) return -ELOOP;
  if (S_ISDIR(mode)) return writes || (flags & (O_CREAT | O_TRUNC)) != 0 ? -EISDIR : 0;
  if (S_ISREG(mode)) return writes && options_.read_only ? -EROFS : 0;
  return S_ISFIFO(mode) ? check_open_fifo(target.inode, flags) : -ENXIO;
}

int SimSystem::check_open_fifo(InodeId inode, int flags) const {
  const auto is_open = [&](bool for_reading) {
    return std::any_of(open_files_.begin(), open_files_.end(), [&](const auto& file) {
      return file != nullptr && file->inode == inode && (for_reading ? file->can_read() : file->can_write());
    });
  };
  const int access = flags & O_ACCMODE;
  if (access == O_RDWR) return 0;
  if ((flags & O_NONBLOCK) != 0) return access == O_RDONLY || is_open(true) ? 0 : -ENXIO;
  return is_open(access == O_WRONLY) ? 0 : -EDEADLK;  // it would wait for ever
}

int SimSystem::open_target(const Target& target, int flags) {
  auto slot = std::find(open_files_.begin(), open_files_.end(), nullptr);
  if (slot == open_files_.end()) {
    if (open_files_.size() >= kMaxDescriptors) return -EMFILE;
    slot = open_files_.insert(open_files_.end(), nullptr);
  }
  *slot = std::make_unique<OpenFile>();
  (*slot)->inode = target.inode;
  (*slot)->flags = flags;
  ++open_counts_[target.inode];
  return kFirstDescriptor + static_cast<int>(slot - open_files_.begin());
}

int SimSystem::close(int fd) {
  const std::lock_guard lock(mutex_);
  const OpenFile* const file = find_open(fd);
  if (file == nullptr) return -EBADF;
  const InodeId inode = file->inode;
  open_files_[static_cast<std::size_t>(fd - kFirstDescriptor)] = nullptr;
  if (--open_counts_[inode] == 0) open_counts_.erase(inode);
  release_if_unused(inode);
  return 0;
}

void SimSystem::release_if_unused(InodeId inode) {
  if (!disk_.exists(inode) || disk_.inode(inode).link_count != 0 || open_counts_.contains(inode)) return;
  if (options_.reuse_inode_numbers) free_numbers_.insert(disk_.inode(inode).number);
  disk_.drop(inode);
}

}  // namespace metamori::test
