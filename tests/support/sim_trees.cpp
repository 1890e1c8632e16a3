// SimSystem: making and looking at whole trees.

#include <sys/stat.h>

#include <cerrno>
#include <functional>
#include <stdexcept>
#include <system_error>

#include "base/bytes.hpp"
#include "base/files.hpp"
#include "tests/support/sim_system.hpp"

namespace metamori::test {
namespace {

void require(std::int64_t result, const char* what, const std::string& path) {
  if (result < 0)
    throw std::runtime_error(std::string(what) + " " + path + ": " + std::generic_category().message(static_cast<int>(-result)));
}

}  // namespace

InodeId SimSystem::find_path(const std::string& path) const {
  const Target target = resolve(AT_FDCWD, path, Links::follow_parents);
  return target.error != 0 ? kNoInode : target.inode;
}

void SimSystem::make_directories(const std::string& path) {
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string prefix = path.substr(0, end);
    const int result = make_directory(AT_FDCWD, prefix.c_str(), 0755);
    if (result != -EEXIST) require(result, "mkdir", prefix);
    if (end == std::string::npos) return;
  }
}

void SimSystem::write_file(const std::string& path, ByteView bytes, std::uint32_t mode) {
  const std::size_t slash = path.rfind('/');
  if (slash != std::string::npos && slash != 0) make_directories(path.substr(0, slash));
  Fd file = open_file(*this, AT_FDCWD, path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, mode, path);
  write_all(*this, file.get(), bytes, 0, path);
  file.close(path);
}

void SimSystem::write_file(const std::string& path, std::string_view text, std::uint32_t mode) { write_file(path, as_bytes(text), mode); }

Bytes SimSystem::read_file(const std::string& path) const {
  auto& self = const_cast<SimSystem&>(*this);  // opening leaves no trace
  const Fd file = open_file(self, AT_FDCWD, path.c_str(), O_RDONLY, 0, path);
  return read_whole(self, file.get(), std::numeric_limits<std::uint32_t>::max(), path);
}

bool SimSystem::exists(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  return find_path(path) != kNoInode;
}

void SimSystem::remove_tree(const std::string& path) {
  const TreeDescription nodes = tree(path);
  for (auto node = nodes.rbegin(); node != nodes.rend(); ++node) {  // what is in a directory sorts behind it
    const std::string full = path + "/" + node->first;
    require(S_ISDIR(node->second.mode) ? remove_directory(AT_FDCWD, full.c_str()) : remove_file(AT_FDCWD, full.c_str()), "remove", full);
  }
  require(remove_directory(AT_FDCWD, path.c_str()), "remove", path);
}

NodeDescription SimSystem::described(const SimInode& inode) {
  NodeDescription node;
  node.mode = inode.mode;
  node.uid = inode.uid;
  node.gid = inode.gid;
  node.device_major = inode.device_major;
  node.device_minor = inode.device_minor;
  node.link_count = inode.link_count;
  node.mtime = inode.mtime;
  node.link_target = inode.link_target;
  node.attributes = inode.attributes;
  if (!S_ISREG(inode.mode)) return node;
  node.content.resize(static_cast<std::size_t>(inode.size_bytes));
  for (const auto& [number, page] : inode.pages) {
    const auto begin = static_cast<std::size_t>(number * kPageBytes);
    if (begin < node.content.size())
      std::copy_n(page->begin(), std::min<std::size_t>(kPageBytes, node.content.size() - begin),
                  node.content.begin() + static_cast<std::ptrdiff_t>(begin));
  }
  return node;
}

void SimSystem::describe(InodeId dir, const std::string& prefix, TreeDescription& result) const {
  for (const auto& [name, id] : disk_.inode(dir).entries) {
    const SimInode& inode = disk_.inode(id);
    result.emplace(prefix + name, described(inode));
    if (S_ISDIR(inode.mode)) describe(id, prefix + name + "/", result);
  }
}

NodeDescription SimSystem::node(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  const InodeId inode = find_path(path);
  if (inode == kNoInode) throw std::runtime_error("nothing is at " + path);
  return described(disk_.inode(inode));
}

TreeDescription SimSystem::tree(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  const InodeId dir = find_path(path);
  if (dir == kNoInode || !S_ISDIR(disk_.inode(dir).mode)) throw std::runtime_error("no directory " + path);
  TreeDescription result;
  describe(dir, "", result);
  return result;
}

}  // namespace metamori::test
