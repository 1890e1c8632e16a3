#include "tests/support/sim_disk.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <set>

#include "base/assert.hpp"
#include "base/bytes.hpp"
#include "base/digest.hpp"

namespace metamori::test {
namespace {

constexpr std::uint32_t kRootMode = S_IFDIR | 0755;

/// Makes the bytes behind the end of the file read as zeros, should it grow again.
void cut_pages(SimInode& file) {
  const std::uint64_t whole_pages = file.size_bytes / kPageBytes;
  const std::uint64_t tail = file.size_bytes % kPageBytes;
  file.pages.erase(file.pages.lower_bound(whole_pages + (tail != 0 ? 1 : 0)), file.pages.end());
  const auto last = file.pages.find(whole_pages);
  if (tail == 0 || last == file.pages.end()) return;
  static constexpr Page kZeros{};
  if (std::memcmp(last->second->data() + tail, kZeros.data(), kPageBytes - tail) == 0) return;
  auto page = std::make_shared<Page>(*last->second);
  std::fill(page->begin() + static_cast<std::ptrdiff_t>(tail), page->end(), std::byte{0});
  last->second = std::move(page);
}

void write_time(const Time& time, ByteWriter& out) {
  out.svarint(time.seconds);
  out.varint(time.nanoseconds);
}

/// All but the entries of a directory.
void write_inode(const SimInode& inode, ByteWriter& out) {
  for (const std::uint64_t value :
       {inode.number, std::uint64_t{inode.mode}, std::uint64_t{inode.uid}, std::uint64_t{inode.gid}, std::uint64_t{inode.device_major},
        std::uint64_t{inode.device_minor}, std::uint64_t{inode.link_count}, inode.size_bytes, std::uint64_t{inode.pages.size()}})
    out.varint(value);
  write_time(inode.mtime, out);
  write_time(inode.ctime, out);
  for (const auto& [name, value] : inode.attributes) {
    out.bytes(as_bytes(name));
    out.bytes(value);
  }
  for (const auto& [number, page] : inode.pages) {
    out.varint(number);
    out.u64(xxh3_64(*page));
  }
  out.bytes(as_bytes(inode.link_target));
}

}  // namespace

SimDisk::SimDisk() {
  auto root = std::make_shared<SimInode>();
  root->number = 2;
  root->mode = kRootMode;
  root->link_count = 2;
  root->parent = kRootInode;
  inodes_.push_back(std::move(root));
}

std::optional<InodeId> SimDisk::find(InodeId dir, const std::string& name) const {
  const auto& entries = inode(dir).entries;
  const auto entry = entries.find(name);
  return entry == entries.end() ? std::nullopt : std::optional(entry->second);
}

SimInode& SimDisk::changed(InodeId id) {
  std::shared_ptr<SimInode>& inode = inodes_.at(id);
  MM_ASSERT(inode != nullptr);
  if (inode.use_count() > 1) inode = std::make_shared<SimInode>(*inode);
  return *inode;
}

void SimDisk::apply(const Operation& operation) {
  std::visit([this](const auto& one) { apply_one(one); }, operation);
}

void SimDisk::apply_one(const PageWrite& write) {
  SimInode& file = changed(write.file);
  if (write.after == nullptr) {
    file.pages.erase(write.page);
    return;
  }
  PagePtr& page = file.pages[write.page];
  if (write.begin == 0 && write.end == kPageBytes) {
    page = write.after;
    return;
  }
  auto merged = page == nullptr ? std::make_shared<Page>() : std::make_shared<Page>(*page);
  std::copy(write.after->begin() + static_cast<std::ptrdiff_t>(write.begin), write.after->begin() + static_cast<std::ptrdiff_t>(write.end),
            merged->begin() + static_cast<std::ptrdiff_t>(write.begin));
  page = std::move(merged);
}

void SimDisk::apply_one(const SizeChange& change) {
  SimInode& file = changed(change.file);
  const bool shrinks = change.size_bytes < file.size_bytes;
  file.size_bytes = change.size_bytes;
  if (shrinks) cut_pages(file);
}

void SimDisk::apply_one(const AttributeChange& change) {
  SimInode& inode = changed(change.inode);
  if (change.mode) inode.mode = (inode.mode & S_IFMT) | (*change.mode & ~static_cast<std::uint32_t>(S_IFMT));
  if (change.uid) inode.uid = *change.uid;
  if (change.gid) inode.gid = *change.gid;
  if (change.mtime) inode.mtime = *change.mtime;
  if (change.ctime) inode.ctime = *change.ctime;
  if (!change.attribute) return;
  if (change.value)
    inode.attributes[*change.attribute] = *change.value;
  else
    inode.attributes.erase(*change.attribute);
}

void SimDisk::apply_one(const NameChange& change) {
  switch (change.kind) {
    case NameChangeKind::make:
      set_entry(change.dir, change.name, change.inode, change.time);
      return;
    case NameChangeKind::remove:
      clear_entry(change.dir, change.name, change.inode, change.time);
      return;
    case NameChangeKind::move:
      clear_entry(change.dir, change.name, change.inode, change.time);
      set_entry(change.to_dir, change.to_name, change.inode, change.time);
      return;
    case NameChangeKind::exchange:
      clear_entry(change.dir, change.name, change.inode, change.time);
      clear_entry(change.to_dir, change.to_name, change.other, change.time);
      set_entry(change.dir, change.name, change.other, change.time);
      set_entry(change.to_dir, change.to_name, change.inode, change.time);
      return;
  }
}

void SimDisk::apply_one(const Birth& birth) {
  if (inodes_.size() <= birth.inode) inodes_.resize(birth.inode + 1);
  inodes_[birth.inode] = std::make_shared<SimInode>(*birth.first_state);
}

void SimDisk::apply_keeping_source(const NameChange& change) { set_entry(change.to_dir, change.to_name, change.inode, change.time); }

void SimDisk::set_entry(InodeId dir, const std::string& name, InodeId inode, Time time) {
  if (const auto before = find(dir, name)) clear_entry(dir, name, *before, time);
  SimInode& directory = changed(dir);
  directory.entries[name] = inode;
  directory.mtime = directory.ctime = time;
  SimInode& named = changed(inode);
  named.ctime = time;
  ++named.link_count;
  if (!S_ISDIR(named.mode)) return;
  ++named.link_count;  // its own `.`
  named.parent = dir;
  ++changed(dir).link_count;
}

void SimDisk::clear_entry(InodeId dir, const std::string& name, InodeId inode, Time time) {
  if (find(dir, name) != inode) return;  // after a crash, an operation that this one followed may be lost
  SimInode& directory = changed(dir);
  directory.entries.erase(name);
  directory.mtime = directory.ctime = time;
  if (S_ISDIR(this->inode(inode).mode)) --directory.link_count;
  lose_link(inode, time);
}

void SimDisk::lose_link(InodeId id, Time time) {
  SimInode& inode = changed(id);
  inode.ctime = time;
  inode.link_count -= S_ISDIR(inode.mode) ? 2 : 1;
}

void SimDisk::repair() {
  std::vector<std::uint32_t> links(inodes_.size(), 0);
  std::vector<InodeId> stack{kRootInode};
  links[kRootInode] = 2;
  while (!stack.empty()) {
    const InodeId dir = stack.back();
    stack.pop_back();
    const auto entries = inode(dir).entries;
    for (const auto& [name, id] : entries) {
      const bool is_directory = S_ISDIR(inode(id).mode);
      if (is_directory && links[id] != 0) {
        changed(dir).entries.erase(name);  // a directory has one name
        continue;
      }
      links[id] += is_directory ? 2 : 1;
      if (!is_directory) continue;
      ++links[dir];
      if (inode(id).parent != dir) changed(id).parent = dir;
      stack.push_back(id);
    }
  }
  std::uint64_t highest = inode_numbers().back();
  std::set<std::uint64_t> numbers;
  for (InodeId id = 0; id < inodes_.size(); ++id) {
    if (inodes_[id] == nullptr) continue;
    if (links[id] == 0) {
      drop(id);
      continue;
    }
    if (inode(id).link_count != links[id]) changed(id).link_count = links[id];
    if (S_ISREG(inode(id).mode) && !inode(id).pages.empty()) cut_pages(changed(id));
    if (!numbers.insert(inode(id).number).second) changed(id).number = ++highest;
  }
}

std::uint64_t SimDisk::hash() const {
  ByteWriter out;
  std::vector<InodeId> directories{kRootInode};
  write_inode(inode(kRootInode), out);
  for (std::size_t i = 0; i < directories.size(); ++i) {  // grows while it is walked
    const auto& entries = inode(directories[i]).entries;
    out.varint(entries.size());
    for (const auto& [name, id] : entries) {
      out.bytes(as_bytes(name));
      write_inode(inode(id), out);
      if (S_ISDIR(inode(id).mode)) directories.push_back(id);
    }
  }
  return xxh3_64(out.view());
}

std::uint64_t SimDisk::used_bytes() const {
  std::uint64_t pages = 0;
  for (const auto& inode : inodes_)
    if (inode != nullptr) pages += inode->pages.size() + (S_ISDIR(inode->mode) ? 1 : 0);
  return pages * kPageBytes;
}

std::uint64_t SimDisk::inode_count() const {
  return static_cast<std::uint64_t>(std::count_if(inodes_.begin(), inodes_.end(), [](const auto& inode) { return inode != nullptr; }));
}

std::vector<std::uint64_t> SimDisk::inode_numbers() const {
  std::vector<std::uint64_t> numbers;
  for (const auto& inode : inodes_)
    if (inode != nullptr) numbers.push_back(inode->number);
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

}  // namespace metamori::test
