// SimSystem: the bytes of files, and making them durable.

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "tests/support/sim_system.hpp"

namespace metamori::test {
namespace {

constexpr auto kMaxFileBytes = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
constexpr std::uint64_t kMaxTransferBytes = 0x7ffff000;

std::ptrdiff_t at(std::uint64_t position) noexcept { return static_cast<std::ptrdiff_t>(position); }

void copy_out(const SimInode& file, std::span<std::byte> buffer, std::uint64_t offset) {
  for (std::uint64_t done = 0; done < buffer.size();) {
    const std::uint64_t begin = (offset + done) % kPageBytes;
    const std::uint64_t size = std::min<std::uint64_t>(kPageBytes - begin, buffer.size() - done);
    const auto page = file.pages.find((offset + done) / kPageBytes);
    if (page == file.pages.end())
      std::fill_n(buffer.begin() + at(done), size, std::byte{0});
    else
      std::copy_n(page->second->begin() + at(begin), size, buffer.begin() + at(done));
    done += size;
  }
}

}  // namespace

const SimInode* SimSystem::regular_file(const OpenFile& file) const {
  const SimInode& inode = disk_.inode(file.inode);
  return S_ISREG(inode.mode) ? &inode : nullptr;
}

std::int64_t SimSystem::read_at(int fd, std::span<std::byte> buffer, std::uint64_t offset) {
  const std::lock_guard lock(mutex_);
  const OpenFile* const file = find_open(fd);
  if (offset > kMaxFileBytes) return -EINVAL;
  if (file == nullptr || file->is_path_only()) return -EBADF;
  const SimInode& inode = disk_.inode(file->inode);
  if (S_ISFIFO(inode.mode)) return -ESPIPE;
  if (!file->can_read()) return -EBADF;
  if (S_ISDIR(inode.mode)) return -EISDIR;
  if (offset >= inode.size_bytes) return 0;
  buffer = buffer.first(
      static_cast<std::size_t>(std::min({static_cast<std::uint64_t>(buffer.size()), inode.size_bytes - offset, kMaxTransferBytes})));
  copy_out(inode, buffer, offset);
  return static_cast<std::int64_t>(buffer.size());
}

std::uint64_t SimSystem::free_pages() const {
  if (options_.capacity_bytes >= SimOptions::kUnlimited) return SimOptions::kUnlimited / kPageBytes;
  const std::uint64_t used = disk_.used_bytes();
  return used < options_.capacity_bytes ? (options_.capacity_bytes - used) / kPageBytes : 0;
}

void SimSystem::put_page(InodeId inode, std::uint64_t page, std::uint64_t begin, std::uint64_t end, PagePtr after) {
  PageWrite write{inode, page, 0, kPageBytes, std::move(after)};
  disk_.apply(write);  // the page is whole already; what is logged is the part that was written
  write.begin = begin;
  write.end = end;
  log_.add(std::move(write));
}

/// Writes page by page until the disk is full; returns the bytes written.
std::uint64_t SimSystem::put_bytes(InodeId id, ByteView bytes, std::uint64_t offset) {
  std::uint64_t done = 0;
  std::optional<std::uint64_t> room;  // counted only when a page is needed
  while (done < bytes.size()) {
    const std::uint64_t number = (offset + done) / kPageBytes;
    const std::uint64_t begin = (offset + done) % kPageBytes;
    const std::uint64_t size = std::min<std::uint64_t>(kPageBytes - begin, bytes.size() - done);
    const auto& pages = disk_.inode(id).pages;
    const auto before = pages.find(number);
    if (before == pages.end()) {
      if (!room) room = free_pages();
      if (*room == 0) break;
      --*room;
    }
    auto page = before == pages.end() ? std::make_shared<Page>() : std::make_shared<Page>(*before->second);
    std::copy_n(bytes.begin() + at(done), size, page->begin() + at(begin));
    put_page(id, number, begin, begin + size, std::move(page));
    done += size;
  }
  return done;
}

std::int64_t SimSystem::write_at(int fd, ByteView bytes, std::uint64_t offset) {
  const std::lock_guard lock(mutex_);
  const OpenFile* const file = find_open(fd);
  if (offset > kMaxFileBytes) return -EINVAL;
  if (file == nullptr || file->is_path_only()) return -EBADF;
  if (S_ISFIFO(disk_.inode(file->inode).mode)) return -ESPIPE;
  if (!file->can_write()) return -EBADF;
  const SimInode* const inode = regular_file(*file);
  if (inode == nullptr) return -ESPIPE;
  if (options_.read_only) return -EROFS;
  if (bytes.empty()) return 0;
  bytes = bytes.first(static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), kMaxTransferBytes)));
  if ((file->flags & O_APPEND) != 0) offset = inode->size_bytes;
  if (offset + bytes.size() > kMaxFileBytes) return -EFBIG;
  if (!inode->pages.contains(offset / kPageBytes) && free_pages() == 0) return -ENOSPC;
  begin_event("write #" + std::to_string(file->inode) + " " + std::to_string(bytes.size()) + "@" + std::to_string(offset));
  const std::uint64_t done = put_bytes(file->inode, bytes, offset);
  if (offset + done > disk_.inode(file->inode).size_bytes) apply(SizeChange{file->inode, offset + done});
  touch(file->inode);
  return static_cast<std::int64_t>(done);
}

int SimSystem::change_size(InodeId inode, std::uint64_t size, const char* event) {
  begin_event(std::string(event) + " #" + std::to_string(inode) + " " + std::to_string(size));
  apply(SizeChange{inode, size});
  touch(inode);
  return 0;
}

int SimSystem::truncate(int fd, std::uint64_t size) {
  const std::lock_guard lock(mutex_);
  if (size > kMaxFileBytes) return -EINVAL;
  const OpenFile* const file = find_open(fd);
  if (file == nullptr || file->is_path_only()) return -EBADF;
  if (regular_file(*file) == nullptr || !file->can_write()) return -EINVAL;
  if (options_.read_only) return -EROFS;
  return change_size(file->inode, size, "truncate");
}

std::int64_t SimSystem::seek_data(int fd, std::uint64_t offset) {
  const std::lock_guard lock(mutex_);
  const OpenFile* const file = find_open(fd);
  if (file == nullptr || file->is_path_only()) return -EBADF;
  const SimInode* const inode = regular_file(*file);
  if (inode == nullptr) return S_ISFIFO(disk_.inode(file->inode).mode) ? -ESPIPE : -EINVAL;
  if (offset >= inode->size_bytes) return -ENXIO;
  const auto page = inode->pages.lower_bound(offset / kPageBytes);
  if (page == inode->pages.end() || page->first * kPageBytes >= inode->size_bytes) return -ENXIO;
  return static_cast<std::int64_t>(std::max(page->first * kPageBytes, offset));
}

std::int64_t SimSystem::seek_hole(int fd, std::uint64_t offset) {
  const std::lock_guard lock(mutex_);
  const OpenFile* const file = find_open(fd);
  if (file == nullptr || file->is_path_only()) return -EBADF;
  const SimInode* const inode = regular_file(*file);
  if (inode == nullptr) return S_ISFIFO(disk_.inode(file->inode).mode) ? -ESPIPE : -EINVAL;
  if (offset >= inode->size_bytes) return -ENXIO;
  std::uint64_t page = offset / kPageBytes;
  if (!inode->pages.contains(page)) return static_cast<std::int64_t>(offset);
  while (inode->pages.contains(page)) ++page;
  return static_cast<std::int64_t>(std::min(page * kPageBytes, inode->size_bytes));
}

int SimSystem::punch_hole(int fd, std::uint64_t offset, std::uint64_t length) {
  const std::lock_guard lock(mutex_);
  const OpenFile* const file = find_open(fd);
  if (file == nullptr || file->is_path_only()) return -EBADF;
  if (offset > kMaxFileBytes || length > kMaxFileBytes || length == 0) return -EINVAL;
  if (!file->can_write()) return -EBADF;
  const SimInode* const inode = regular_file(*file);
  if (inode == nullptr) return S_ISFIFO(disk_.inode(file->inode).mode) ? -ESPIPE : -ENODEV;
  if (options_.read_only) return -EROFS;
  begin_event("punch #" + std::to_string(file->inode));
  // A hole up to the end of the file takes all of the last page.
  const std::uint64_t end =
      offset + length > inode->size_bytes ? (inode->size_bytes + kPageBytes - 1) / kPageBytes * kPageBytes : offset + length;
  for (std::uint64_t done = offset; done < end;) {
    const std::uint64_t number = done / kPageBytes;
    const std::uint64_t begin = done % kPageBytes;
    const std::uint64_t size = std::min(kPageBytes - begin, end - done);
    const auto& pages = disk_.inode(file->inode).pages;
    if (const auto before = pages.find(number); before != pages.end()) {
      std::shared_ptr<Page> page;
      if (size != kPageBytes) {
        page = std::make_shared<Page>(*before->second);
        std::fill_n(page->begin() + at(begin), size, std::byte{0});
      }
      put_page(file->inode, number, begin, begin + size, std::move(page));
    }
    done += size;
  }
  touch(file->inode);
  return 0;
}

int SimSystem::clone_from(int fd, int source) {
  const std::lock_guard lock(mutex_);
  const OpenFile* const to = find_open(fd);
  const OpenFile* const from = find_open(source);
  if (to == nullptr || from == nullptr || !to->can_write() || !from->can_read()) return -EBADF;
  const SimInode* const inode = regular_file(*from);
  if (inode == nullptr || regular_file(*to) == nullptr) return -EINVAL;
  if (options_.read_only) return -EROFS;
  if (!options_.reflinks) return -EOPNOTSUPP;
  if (to->inode == from->inode) return 0;
  begin_event("clone #" + std::to_string(from->inode) + " #" + std::to_string(to->inode));
  const SimInode original = *inode;
  std::vector<std::uint64_t> holes;
  for (const auto& [number, page] : disk_.inode(to->inode).pages)
    if (!original.pages.contains(number) && number * kPageBytes < original.size_bytes) holes.push_back(number);
  for (const std::uint64_t number : holes) put_page(to->inode, number, 0, kPageBytes, nullptr);
  for (const auto& [number, page] : original.pages) put_page(to->inode, number, 0, kPageBytes, page);
  if (original.size_bytes > disk_.inode(to->inode).size_bytes) apply(SizeChange{to->inode, original.size_bytes});
  touch(to->inode);
  return 0;
}

int SimSystem::map(int fd, std::uint64_t size, const std::byte*& address) {
  const std::lock_guard lock(mutex_);
  const OpenFile* const file = find_open(fd);
  if (file == nullptr || file->is_path_only()) return -EBADF;
  if (size == 0) return -EINVAL;
  if (!file->can_read()) return -EACCES;
  const SimInode* const inode = regular_file(*file);
  if (inode == nullptr) return -ENODEV;
  auto copy = std::make_unique<std::byte[]>(static_cast<std::size_t>(size));
  copy_out(*inode, std::span(copy.get(), static_cast<std::size_t>(std::min(size, inode->size_bytes))), 0);
  address = copy.get();
  mappings_.emplace(address, std::move(copy));
  return 0;
}

void SimSystem::unmap(const std::byte* address, std::uint64_t /*size*/) {
  const std::lock_guard lock(mutex_);
  mappings_.erase(address);
}

int SimSystem::sync(int fd) {
  const std::lock_guard lock(mutex_);
  const OpenFile* const file = find_open(fd);
  if (file == nullptr || file->is_path_only()) return -EBADF;
  const std::uint32_t mode = disk_.inode(file->inode).mode;
  if (!S_ISREG(mode) && !S_ISDIR(mode)) return -EINVAL;
  log_.begin_event("sync #" + std::to_string(file->inode));
  log_.sync_inode(file->inode);
  return 0;
}

int SimSystem::sync_file_system(int fd) {
  const std::lock_guard lock(mutex_);
  const OpenFile* const file = find_open(fd);
  if (file == nullptr || file->is_path_only()) return -EBADF;
  log_.begin_event("syncfs");
  log_.sync_all();
  return 0;
}

int SimSystem::clean_pages(int fd) {
  const std::lock_guard lock(mutex_);
  const OpenFile* const file = find_open(fd);
  if (file == nullptr || file->is_path_only()) return -EBADF;
  const std::uint32_t mode = disk_.inode(file->inode).mode;
  return S_ISREG(mode) || S_ISDIR(mode) ? 0 : -ESPIPE;
}

int SimSystem::start_writeback(int fd, std::uint64_t offset, std::uint64_t length) {
  if (offset > kMaxFileBytes || length > kMaxFileBytes - offset) return -EINVAL;
  return clean_pages(fd);
}

int SimSystem::drop_cache(int fd) {
  const std::lock_guard lock(mutex_);
  const OpenFile* const file = find_open(fd);
  if (file == nullptr || file->is_path_only()) return -EBADF;
  return S_ISFIFO(disk_.inode(file->inode).mode) ? -ESPIPE : 0;
}

}  // namespace metamori::test
