// Owner, attributes, mode and time of a node. What can't be set becomes a warning, never silence; what must not be set without being asked
// for is left out.

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "core/materialize.hpp"

namespace metamori {
namespace {

constexpr std::uint32_t kModeBits = 07777;
constexpr std::uint32_t kPrivilegeBits = S_ISUID | S_ISGID;
constexpr std::size_t kMaxAttributeList = 64 * 1024;  // the kernel's limits
constexpr std::size_t kMaxAttributeValue = 64 * 1024;

bool is_privileged(std::string_view name) noexcept { return name.starts_with("security.") || name.starts_with("trusted."); }
bool is_ordinary(std::string_view name) noexcept { return name.starts_with("user.") || name.starts_with("system.posix_acl_"); }

/// Names on the file, or none where attributes are not supported.
std::vector<std::string> attribute_names(System& system, int dir, const char* name) {
  std::int64_t size = retry_interrupted([&] { return system.list_attributes(dir, name, {}); });
  if (size <= 0) return {};
  std::string list(kMaxAttributeList, '\0');
  size = retry_interrupted([&] { return system.list_attributes(dir, name, std::as_writable_bytes(std::span(list))); });
  std::vector<std::string> names;
  for (std::size_t at = 0; size > 0 && at < static_cast<std::size_t>(size);) {
    const std::size_t end = list.find('\0', at);
    names.push_back(list.substr(at, end - at));
    at = end + 1;
  }
  return names;
}

bool has_value(System& system, int dir, const char* name, const Attribute& attribute) {
  Bytes value(kMaxAttributeValue);
  const std::int64_t size = retry_interrupted([&] { return system.get_attribute(dir, name, attribute.name.c_str(), value); });
  if (size < 0) return false;
  value.resize(static_cast<std::size_t>(size));
  return value == attribute.value;
}

}  // namespace

void NodeWriter::warn(const std::string& path, std::string_view action, int error) {
  warnings_.add(path, std::string(action) + ": " + std::generic_category().message(error));
}

bool NodeWriter::set_owner(int dir, const char* name, const Entry& entry, const std::string& path,
                           const std::optional<Inherited>& inherited) {
  if (!policy_.same_owner && !inherited) return true;
  const std::uint32_t uid = policy_.same_owner ? entry.owner.uid : inherited->uid;
  const std::uint32_t gid = policy_.same_owner ? entry.owner.gid : inherited->gid;
  FileStat now;
  const bool is_open = *name == '\0';
  if (retry_interrupted([&] { return is_open ? system_.stat(dir, now) : system_.stat_at(dir, name, now); }) >= 0 && now.uid == uid &&
      now.gid == gid)
    return true;
  const int error =
      retry_interrupted([&] { return is_open ? system_.set_owner(dir, uid, gid) : system_.set_owner_at(dir, name, uid, gid); });
  if (error < 0) warn(path, "cannot set the owner " + std::to_string(uid) + ':' + std::to_string(gid), -error);
  return error >= 0;
}

void NodeWriter::check_privileged(int dir, const char* name, const Attribute& attribute, const std::string& path) {
  // Security modules label new files by themselves, mostly alike.
  if (!has_value(system_, dir, name, attribute))
    warnings_.add(path, "attribute " + quoted(attribute.name) + " is brought back only when asked for");
}

void NodeWriter::set_attributes_of(int dir, const char* name, const Entry& entry, const std::string& path) {
  std::vector<std::string> present = attribute_names(system_, dir, name);
  const bool wants_any = entry.attribute_stream || !entry.attributes.empty();
  if (present.empty() && !wants_any) return;
  const std::vector<Attribute> wanted = wants_any ? get_attributes(entry, source_) : std::vector<Attribute>();
  for (const std::string& extra : present) {  // inherited from the directory's default ACL, or of a file whose metadata is put back
    if (!is_ordinary(extra) && !(policy_.privileged_attributes && is_privileged(extra) && !extra.starts_with("security."))) continue;
    if (std::any_of(wanted.begin(), wanted.end(), [&](const Attribute& a) { return a.name == extra; })) continue;
    const int error = retry_interrupted([&] { return system_.remove_attribute(dir, name, extra.c_str()); });
    if (error < 0 && error != -ENODATA) warn(path, "cannot remove attribute " + quoted(extra), -error);
  }
  for (const Attribute& attribute : wanted) {
    if (is_privileged(attribute.name) && !policy_.privileged_attributes) {
      check_privileged(dir, name, attribute, path);
      continue;
    }
    if (has_value(system_, dir, name, attribute)) continue;
    const int error = retry_interrupted([&] { return system_.set_attribute(dir, name, attribute.name.c_str(), attribute.value); });
    if (error < 0) warn(path, "cannot set attribute " + quoted(attribute.name), -error);
  }
}

bool NodeWriter::has_attributes(int fd, const Entry& entry) {
  const std::vector<Attribute> wanted = get_attributes(entry, source_);
  const auto is_wanted = [&](const std::string& name) {
    return std::any_of(wanted.begin(), wanted.end(), [&](const Attribute& a) { return a.name == name; });
  };
  const std::vector<std::string> present = attribute_names(system_, fd, "");
  return std::all_of(present.begin(), present.end(), [&](const std::string& name) { return !is_ordinary(name) || is_wanted(name); }) &&
         std::all_of(wanted.begin(), wanted.end(), [&](const Attribute& attribute) {
           const bool is_left_out = is_privileged(attribute.name) && !policy_.privileged_attributes;
           return is_left_out || has_value(system_, fd, "", attribute);
         });
}

std::uint32_t NodeWriter::mode_to_set(const Entry& entry, const std::string& path, const std::optional<Inherited>& inherited,
                                      bool is_owned) {
  std::uint32_t mode = entry.mode & kModeBits;
  if (entry.type == EntryType::directory) return mode;  // setgid on a directory gives no rights
  if (!is_owned && (mode & kPrivilegeBits) != 0) {
    warnings_.add(path, "setuid and setgid are left out, as they would give away the rights of another owner");
    return mode & ~kPrivilegeBits;
  }
  if (policy_.same_owner) return mode;
  const std::uint32_t kept = inherited ? inherited->mode & kPrivilegeBits : 0;
  if ((mode & kPrivilegeBits & ~kept) != 0) warnings_.add(path, "setuid and setgid are brought back only when asked for (--same-owner)");
  return mode & (~kPrivilegeBits | kept);
}

void NodeWriter::set_metadata(int fd, const Entry& entry, const std::string& path, const std::optional<Inherited>& inherited) {
  const bool is_owned = set_owner(fd, "", entry, path, inherited);  // before the mode: giving a file away clears setuid
  set_attributes_of(fd, "", entry, path);                           // before the mode, which may forbid writing them
  const std::uint32_t mode = mode_to_set(entry, path, inherited, is_owned);
  if (const int error = retry_interrupted([&] { return system_.set_mode(fd, mode); }); error < 0) warn(path, "cannot set the mode", -error);
  if (const int error = retry_interrupted([&] { return system_.set_mtime(fd, entry.mtime); }); error < 0)
    warn(path, "cannot set the time", -error);
}

void NodeWriter::set_named_metadata(int dir, const char* name, const Entry& entry, const std::string& path,
                                    const std::optional<Inherited>& inherited) {
  const bool is_owned = set_owner(dir, name, entry, path, inherited);
  if (entry.type != EntryType::symlink || policy_.privileged_attributes) set_attributes_of(dir, name, entry, path);
  if (entry.type != EntryType::symlink) {
    const std::uint32_t mode = mode_to_set(entry, path, inherited, is_owned);
    if (const int error = retry_interrupted([&] { return system_.set_mode_at(dir, name, mode); }); error < 0)
      warn(path, "cannot set the mode", -error);
  }
  if (const int error = retry_interrupted([&] { return system_.set_mtime_at(dir, name, entry.mtime); }); error < 0)
    warn(path, "cannot set the time", -error);
}

}  // namespace metamori
