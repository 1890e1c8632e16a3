// SimSystem: what stat tells and chmod, chown, utimens and extended attributes change.

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <limits>

#include "tests/support/sim_system.hpp"

namespace metamori::test {
namespace {

constexpr std::size_t kAttributeNameMax = 255;
constexpr std::size_t kAttributeValueMax = 65536;
constexpr std::uint32_t kUnchanged = std::numeric_limits<std::uint32_t>::max();

/// 0 if the file may have this attribute.
int check_attribute(const SimInode& inode, std::string_view attribute, bool changes) {
  if (attribute.empty() || attribute.size() > kAttributeNameMax) return -ERANGE;
  const bool is_user = attribute.starts_with("user.");
  if (!is_user && !attribute.starts_with("trusted.") && !attribute.starts_with("security.") && !attribute.starts_with("system.posix_acl_"))
    return -EOPNOTSUPP;
  if (is_user && !S_ISREG(inode.mode) && !S_ISDIR(inode.mode)) return changes ? -EPERM : -ENODATA;
  return 0;
}

AttributeChange change_of(InodeId inode) { return {inode, {}, {}, {}, {}, {}, {}, {}}; }

}  // namespace

void SimSystem::fill_stat(InodeId id, FileStat& result) const {
  const SimInode& inode = disk_.inode(id);
  result.device = 1;
  result.inode = inode.number;
  result.mode = inode.mode;
  result.link_count = inode.link_count;
  result.uid = inode.uid;
  result.gid = inode.gid;
  result.device_major = inode.device_major;
  result.device_minor = inode.device_minor;
  result.size_bytes = S_ISDIR(inode.mode) ? kPageBytes : inode.size_bytes;
  result.allocated_bytes = S_ISDIR(inode.mode) ? kPageBytes : inode.pages.size() * kPageBytes;
  result.mtime = inode.mtime;
  result.ctime = inode.ctime;
}

int SimSystem::stat(int fd, FileStat& result) {
  const std::lock_guard lock(mutex_);
  const OpenFile* const file = find_open(fd);
  if (file == nullptr && fd != AT_FDCWD) return -EBADF;
  fill_stat(file == nullptr ? kRootInode : file->inode, result);
  return 0;
}

int SimSystem::stat_at(int dir, const char* name, FileStat& result) {
  const std::lock_guard lock(mutex_);
  const Target target = resolve(dir, name, Links::follow_parents);
  if (target.error != 0) return target.error;
  if (!target.exists()) return -ENOENT;
  fill_stat(target.inode, result);
  return 0;
}

int SimSystem::change_attributes(const Target& target, AttributeChange change, const char* event) {
  if (target.error != 0) return target.error;
  if (!target.exists()) return -ENOENT;
  if (options_.read_only) return -EROFS;
  begin_event(std::string(event) + " #" + std::to_string(target.inode));
  change.inode = target.inode;
  change.ctime = file_time();
  apply(std::move(change));
  return 0;
}

int SimSystem::set_mode(int fd, std::uint32_t mode) {
  const std::lock_guard lock(mutex_);
  const Target target = resolve_or_open(fd, "");
  if (target.exists() && S_ISLNK(disk_.inode(target.inode).mode)) return -EOPNOTSUPP;
  AttributeChange change = change_of(kNoInode);
  change.mode = mode & 07777;
  return change_attributes(target, std::move(change), "chmod");
}

int SimSystem::set_mode_at(int dir, const char* name, std::uint32_t mode) {
  const std::lock_guard lock(mutex_);
  const Target target = resolve(dir, name, Links::follow_parents);
  if (target.exists() && S_ISLNK(disk_.inode(target.inode).mode)) return -EOPNOTSUPP;
  AttributeChange change = change_of(kNoInode);
  change.mode = mode & 07777;
  return change_attributes(target, std::move(change), "chmod");
}

/// A change of owner takes setuid away, and setgid where it means "run as the group", even from root.
std::optional<std::uint32_t> SimSystem::mode_after_chown(const SimInode& inode) const {
  if (S_ISDIR(inode.mode)) return std::nullopt;
  std::uint32_t mode = inode.mode & ~static_cast<std::uint32_t>(S_ISUID);
  if ((mode & S_IXGRP) != 0) mode &= ~static_cast<std::uint32_t>(S_ISGID);
  return mode & 07777;
}

int SimSystem::set_owner(int fd, std::uint32_t uid, std::uint32_t gid) {
  const std::lock_guard lock(mutex_);
  const Target target = resolve_or_open(fd, "");
  AttributeChange change = change_of(kNoInode);
  if (target.exists()) change.mode = mode_after_chown(disk_.inode(target.inode));
  if (uid != kUnchanged) change.uid = uid;
  if (gid != kUnchanged) change.gid = gid;
  return change_attributes(target, std::move(change), "chown");
}

int SimSystem::set_owner_at(int dir, const char* name, std::uint32_t uid, std::uint32_t gid) {
  const std::lock_guard lock(mutex_);
  const Target target = resolve(dir, name, Links::follow_parents);
  AttributeChange change = change_of(kNoInode);
  if (target.exists()) change.mode = mode_after_chown(disk_.inode(target.inode));
  if (uid != kUnchanged) change.uid = uid;
  if (gid != kUnchanged) change.gid = gid;
  return change_attributes(target, std::move(change), "chown");
}

int SimSystem::set_mtime(int fd, Time mtime) {
  const std::lock_guard lock(mutex_);
  AttributeChange change = change_of(kNoInode);
  change.mtime = mtime;
  return change_attributes(resolve_or_open(fd, ""), std::move(change), "utimens");
}

int SimSystem::set_mtime_at(int dir, const char* name, Time mtime) {
  const std::lock_guard lock(mutex_);
  AttributeChange change = change_of(kNoInode);
  change.mtime = mtime;
  return change_attributes(resolve(dir, name, Links::follow_parents), std::move(change), "utimens");
}

std::int64_t SimSystem::list_attributes(int dir, const char* name, std::span<std::byte> buffer) {
  const std::lock_guard lock(mutex_);
  const Target target = resolve_or_open(dir, name);
  if (target.error != 0) return target.error;
  if (!target.exists()) return -ENOENT;
  std::string list;
  for (const auto& [attribute, value] : disk_.inode(target.inode).attributes) list += attribute + '\0';
  if (buffer.empty()) return static_cast<std::int64_t>(list.size());
  if (buffer.size() < list.size()) return -ERANGE;
  std::memcpy(buffer.data(), list.data(), list.size());
  return static_cast<std::int64_t>(list.size());
}

std::int64_t SimSystem::get_attribute(int dir, const char* name, const char* attribute, std::span<std::byte> buffer) {
  const std::lock_guard lock(mutex_);
  const Target target = resolve_or_open(dir, name);
  if (target.error != 0) return target.error;
  if (!target.exists()) return -ENOENT;
  const SimInode& inode = disk_.inode(target.inode);
  if (const int error = check_attribute(inode, attribute, false); error < 0) return error;
  const auto found = inode.attributes.find(attribute);
  if (found == inode.attributes.end()) return -ENODATA;
  const Bytes& value = found->second;
  if (buffer.empty()) return static_cast<std::int64_t>(value.size());
  if (buffer.size() < value.size()) return -ERANGE;
  std::copy(value.begin(), value.end(), buffer.begin());
  return static_cast<std::int64_t>(value.size());
}

int SimSystem::set_attribute(int dir, const char* name, const char* attribute, ByteView value) {
  const std::lock_guard lock(mutex_);
  const Target target = resolve_or_open(dir, name);
  if (target.exists())
    if (const int error = check_attribute(disk_.inode(target.inode), attribute, true); error < 0) return error;
  if (value.size() > kAttributeValueMax) return -E2BIG;
  AttributeChange change = change_of(kNoInode);
  change.attribute = attribute;
  change.value = Bytes(value.begin(), value.end());
  return change_attributes(target, std::move(change), "setxattr");
}

int SimSystem::remove_attribute(int dir, const char* name, const char* attribute) {
  const std::lock_guard lock(mutex_);
  const Target target = resolve_or_open(dir, name);
  if (target.exists()) {
    const SimInode& inode = disk_.inode(target.inode);
    if (const int error = check_attribute(inode, attribute, true); error < 0) return error;
    if (!inode.attributes.contains(attribute)) return -ENODATA;
  }
  AttributeChange change = change_of(kNoInode);
  change.attribute = attribute;
  return change_attributes(target, std::move(change), "removexattr");
}

}  // namespace metamori::test
