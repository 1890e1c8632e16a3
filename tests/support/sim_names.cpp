// SimSystem: changes of names, and listing them.

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "tests/support/sim_system.hpp"

namespace metamori::test {
namespace {

constexpr std::size_t kPathMax = 4096;
constexpr std::uint32_t kModeBits = 07777;

std::uint8_t type_of(std::uint32_t mode) noexcept { return static_cast<std::uint8_t>(IFTODT(mode)); }

bool is_plain_name(const std::string& name) noexcept { return !name.empty() && name != "." && name != ".."; }

std::string shown(InodeId dir, const std::string& name) { return "#" + std::to_string(dir) + "/" + name; }

}  // namespace

int SimSystem::check_new_name(const Target& target, bool directory) const {
  if (target.error != 0) return target.error;
  if (target.exists()) return -EEXIST;
  if (target.trailing_slash && !directory) return -ENOENT;
  return options_.read_only ? -EROFS : 0;
}

int SimSystem::check_room_for(const NewInode& what) const {
  return free_inodes() == 0 || (S_ISDIR(what.mode) && free_pages() == 0) ? -ENOSPC : 0;
}

InodeId SimSystem::make_inode(const Target& target, const NewInode& what) {
  auto inode = std::make_shared<SimInode>();
  if (free_numbers_.empty()) free_numbers_.insert(next_number_++);
  inode->number = free_numbers_.extract(free_numbers_.begin()).value();
  inode->mode = what.mode;
  inode->uid = options_.identity.uid;
  inode->gid = options_.identity.uid;
  const SimInode& parent = disk_.inode(target.dir);
  if ((parent.mode & S_ISGID) != 0) {
    inode->gid = parent.gid;
    if (S_ISDIR(what.mode)) inode->mode |= S_ISGID;
  }
  inode->device_major = what.major;
  inode->device_minor = what.minor;
  inode->link_target = what.link_target;
  inode->size_bytes = what.link_target.size();
  inode->parent = target.dir;
  inode->mtime = inode->ctime = file_time();
  const InodeId made = disk_.next_id();
  apply(Birth{made, std::move(inode)});
  return made;
}

int SimSystem::make_name(const Target& target, const NewInode& what, const char* event) {
  if (const int error = check_new_name(target, S_ISDIR(what.mode)); error < 0) return error;
  if (const int error = check_room_for(what); error < 0) return error;
  begin_event(std::string(event) + " " + shown(target.dir, target.name));
  const InodeId inode = make_inode(target, what);
  apply(NameChange{NameChangeKind::make, target.dir, target.name, inode, kNoInode, {}, kNoInode, file_time()});
  return 0;
}

int SimSystem::make_directory(int dir, const char* name, std::uint32_t mode) {
  const std::lock_guard lock(mutex_);
  // mkdir takes the permission bits and the sticky bit, nothing more.
  return make_name(resolve(dir, name, Links::names), {S_IFDIR | (mode & 01777 & ~options_.umask)}, "mkdir");
}

int SimSystem::make_symlink(const char* target, int dir, const char* name) {
  const std::lock_guard lock(mutex_);
  if (*target == '\0') return -ENOENT;
  if (std::strlen(target) >= kPathMax) return -ENAMETOOLONG;
  return make_name(resolve(dir, name, Links::names), {S_IFLNK | 0777, 0, 0, target}, "symlink");
}

int SimSystem::make_node(int dir, const char* name, std::uint32_t mode, std::uint32_t major, std::uint32_t minor) {
  const std::lock_guard lock(mutex_);
  if ((mode & S_IFMT) == 0) mode |= S_IFREG;
  if (S_ISDIR(mode)) return -EPERM;
  if (S_ISLNK(mode)) return -EINVAL;
  const bool is_device = S_ISCHR(mode) || S_ISBLK(mode);
  const std::uint32_t bits = mode & kModeBits & ~options_.umask;
  return make_name(resolve(dir, name, Links::names), {(mode & S_IFMT) | bits, is_device ? major : 0, is_device ? minor : 0, {}}, "mknod");
}

int SimSystem::link(int from_dir, const char* from, int to_dir, const char* to) {
  const std::lock_guard lock(mutex_);
  const Target source = resolve(from_dir, from, Links::follow_parents);
  if (source.error != 0) return source.error;
  if (!source.exists()) return -ENOENT;
  const Target target = resolve(to_dir, to, Links::names);
  if (const int error = check_new_name(target, false); error < 0) return error;
  if (S_ISDIR(disk_.inode(source.inode).mode)) return -EPERM;
  begin_event("link " + shown(source.dir, source.name) + " " + shown(target.dir, target.name));
  apply(NameChange{NameChangeKind::make, target.dir, target.name, source.inode, kNoInode, {}, kNoInode, file_time()});
  return 0;
}

int SimSystem::remove_file(int dir, const char* name) {
  const std::lock_guard lock(mutex_);
  return remove_name(dir, name, false);
}

int SimSystem::remove_directory(int dir, const char* name) {
  const std::lock_guard lock(mutex_);
  return remove_name(dir, name, true);
}

int SimSystem::remove_name(int dir, const char* name, bool directory) {
  const Target target = resolve(dir, name, Links::names);
  if (target.error != 0) return target.error;
  if (target.name == "." || target.name.empty()) return directory ? -EINVAL : -EISDIR;
  if (target.name == "..") return directory ? -ENOTEMPTY : -EISDIR;
  if (!target.exists()) return -ENOENT;
  const SimInode& inode = disk_.inode(target.inode);
  if (options_.read_only) return -EROFS;
  if (!directory && target.trailing_slash) return S_ISDIR(inode.mode) ? -EISDIR : -ENOTDIR;
  if (S_ISDIR(inode.mode) != directory) return directory ? -ENOTDIR : -EISDIR;
  if (!inode.entries.empty()) return -ENOTEMPTY;
  begin_event(std::string(directory ? "rmdir " : "unlink ") + shown(target.dir, target.name));
  apply(NameChange{NameChangeKind::remove, target.dir, target.name, target.inode, kNoInode, {}, kNoInode, file_time()});
  release_if_unused(target.inode);
  return 0;
}

int SimSystem::check_rename(const Target& source, const Target& target, RenameMode mode) const {
  if (source.error != 0) return source.error;
  if (target.error != 0) return target.error;
  if (!is_plain_name(source.name)) return -EBUSY;
  if (!is_plain_name(target.name)) return mode == RenameMode::no_replace ? -EEXIST : -EBUSY;
  if (options_.read_only) return -EROFS;
  if (!options_.rename_no_replace && mode != RenameMode::replace) return -EINVAL;
  if (!source.exists()) return -ENOENT;
  if (mode == RenameMode::no_replace && target.exists()) return -EEXIST;
  if (mode == RenameMode::exchange && !target.exists()) return -ENOENT;
  if (!S_ISDIR(disk_.inode(source.inode).mode) && (source.trailing_slash || (mode != RenameMode::exchange && target.trailing_slash)))
    return -ENOTDIR;
  if (mode == RenameMode::exchange && target.trailing_slash && !S_ISDIR(disk_.inode(target.inode).mode)) return -ENOTDIR;
  for (InodeId up = target.dir;; up = disk_.inode(up).parent) {
    if (up == source.inode) return -EINVAL;
    if (up == kRootInode) break;
  }
  for (InodeId up = source.dir; target.exists();) {
    if (up == target.inode) return mode == RenameMode::exchange ? -EINVAL : -ENOTEMPTY;
    if (up == kRootInode) break;
    up = disk_.inode(up).parent;
  }
  if (!target.exists() || mode == RenameMode::exchange || source.inode == target.inode) return 0;
  const bool from_directory = S_ISDIR(disk_.inode(source.inode).mode);
  const bool to_directory = S_ISDIR(disk_.inode(target.inode).mode);
  if (from_directory != to_directory) return from_directory ? -ENOTDIR : -EISDIR;
  return disk_.inode(target.inode).entries.empty() ? 0 : -ENOTEMPTY;
}

int SimSystem::rename(int from_dir, const char* from, int to_dir, const char* to, RenameMode mode) {
  const std::lock_guard lock(mutex_);
  const Target source = resolve(from_dir, from, Links::names);
  const Target target = resolve(to_dir, to, Links::names);
  if (const int error = check_rename(source, target, mode); error < 0) return error;
  if (source.inode == target.inode) return 0;
  begin_event("rename " + shown(source.dir, source.name) + " " + shown(target.dir, target.name));
  const bool exchange = mode == RenameMode::exchange;
  apply(NameChange{exchange ? NameChangeKind::exchange : NameChangeKind::move, source.dir, source.name, source.inode, target.dir,
                   target.name, exchange ? target.inode : kNoInode, file_time()});
  if (target.exists()) release_if_unused(target.inode);
  return 0;
}

std::int64_t SimSystem::read_symlink(int dir, const char* name, std::span<std::byte> buffer) {
  const std::lock_guard lock(mutex_);
  if (buffer.empty()) return -EINVAL;
  const Target target = resolve_or_open(dir, name);
  if (target.error != 0) return target.error;
  if (!target.exists()) return -ENOENT;
  const SimInode& inode = disk_.inode(target.inode);
  if (!S_ISLNK(inode.mode)) return *name == '\0' ? -ENOENT : -EINVAL;
  const std::size_t size = std::min(buffer.size(), inode.link_target.size());
  std::memcpy(buffer.data(), inode.link_target.data(), size);
  return static_cast<std::int64_t>(size);
}

int SimSystem::rewind_directory(int fd) {
  const std::lock_guard lock(mutex_);
  OpenFile* const file = find_open(fd);
  if (file == nullptr || file->is_path_only()) return -EBADF;
  file->listed = false;
  file->listing.clear();
  file->position = 0;
  return 0;
}

std::int64_t SimSystem::read_directory(int fd, std::span<std::byte> buffer) {
  const std::lock_guard lock(mutex_);
  OpenFile* const file = find_open(fd);
  if (file == nullptr || file->is_path_only()) return -EBADF;
  const SimInode& inode = disk_.inode(file->inode);
  if (!S_ISDIR(inode.mode)) return -ENOTDIR;
  if (inode.link_count == 0) return -ENOENT;
  if (!file->listed) {
    for (const auto& [name, id] : inode.entries) file->listing.push_back({name, id});
    // In an order that nobody may rely on, but the same each time.
    const auto rank = [this](const Listed& one) { return std::hash<std::string>()(one.name) * (options_.seed * 2 + 1); };
    std::sort(file->listing.begin(), file->listing.end(), [&](const Listed& a, const Listed& b) { return rank(a) < rank(b); });
    file->listing.insert(file->listing.begin(), {{".", file->inode}, {"..", inode.parent}});
    file->listed = true;
  }
  std::size_t used = 0;
  for (; file->position < file->listing.size(); ++file->position) {
    const Listed& one = file->listing[file->position];
    if (!disk_.exists(one.inode)) continue;  // removed meanwhile
    const std::size_t size = (offsetof(dirent64, d_name) + one.name.size() + 1 + 7) / 8 * 8;
    if (used + size > buffer.size()) return used == 0 ? -EINVAL : static_cast<std::int64_t>(used);
    std::byte* const record = buffer.data() + used;
    std::memset(record, 0, size);
    const std::uint64_t number = disk_.inode(one.inode).number;
    const auto next = static_cast<std::int64_t>(file->position + 1);
    const auto record_bytes = static_cast<std::uint16_t>(size);
    const std::uint8_t type = type_of(disk_.inode(one.inode).mode);
    std::memcpy(record + offsetof(dirent64, d_ino), &number, sizeof number);
    std::memcpy(record + offsetof(dirent64, d_off), &next, sizeof next);
    std::memcpy(record + offsetof(dirent64, d_reclen), &record_bytes, sizeof record_bytes);
    std::memcpy(record + offsetof(dirent64, d_type), &type, sizeof type);
    std::memcpy(record + offsetof(dirent64, d_name), one.name.data(), one.name.size());
    used += size;
  }
  return static_cast<std::int64_t>(used);
}

}  // namespace metamori::test
