#include "core/stat_cache.hpp"

#include <algorithm>
#include <span>
#include <unordered_set>
#include <utility>

#include "base/digest.hpp"

namespace metamori {
namespace {

constexpr std::string_view kMagic = "MMSTAT04";
constexpr const char* kName = "stat";
/// Each costs a look-up for every directory.
constexpr std::size_t kMaxLevels = 6;

std::string level_name(std::size_t level) { return std::string(kName) + '-' + std::to_string(level); }

struct BlockHeader {
  std::uint32_t path_bytes;
  std::uint32_t entry_count;
  std::uint32_t names_bytes;
  std::uint32_t level;
  std::uint64_t device;
  std::uint64_t boot;
  StatKey self;
  std::uint64_t self_sound;
  std::uint64_t length;
  std::uint64_t entries_below;
  std::uint64_t files_below;
  std::uint64_t bytes_below;
  std::array<std::byte, 32> listing;
};
static_assert(sizeof(BlockHeader) == 152);

const BlockHeader& header_of(ByteView block) noexcept { return *reinterpret_cast<const BlockHeader*>(block.data()); }

/// Whether the lengths say what the block holds. Checksums keep accidents away; who made the repository may have meant it.
bool is_whole(ByteView block) noexcept {
  if (block.size() < sizeof(BlockHeader)) return false;
  const BlockHeader& header = header_of(block);
  const std::uint64_t entries_bytes = std::uint64_t{header.entry_count} * sizeof(CachedEntry);
  if (block.size() != sizeof(BlockHeader) + entries_bytes + header.path_bytes + header.names_bytes) return false;
  const auto* const entries = reinterpret_cast<const CachedEntry*>(block.data() + sizeof(BlockHeader));
  std::uint32_t end = 0;
  for (std::uint32_t i = 0; i < header.entry_count; end = entries[i++].name_end)
    if (entries[i].name_end < end) return false;
  return end <= header.names_bytes;
}

}  // namespace

StatKey stat_key(const FileStat& stat) {
  return {stat.inode, stat.size_bytes, stat.mtime.seconds, stat.ctime.seconds, stat.mtime.nanoseconds, stat.ctime.nanoseconds,
          stat.mode,  stat.link_count};
}

std::uint64_t boot_mark(System& system) {
  const std::string boot_id = system.identity().boot_id;
  return boot_id.empty() ? 0 : xxh3_64(as_bytes(boot_id));
}

std::string_view CachedDirectory::path() const noexcept {
  const BlockHeader& header = header_of(block_);
  return as_text(block_.subspan(sizeof(BlockHeader) + header.entry_count * sizeof(CachedEntry), header.path_bytes));
}
const StatKey& CachedDirectory::self() const noexcept { return header_of(block_).self; }
std::uint64_t CachedDirectory::device() const noexcept { return header_of(block_).device; }
std::uint64_t CachedDirectory::boot() const noexcept { return header_of(block_).boot; }
bool CachedDirectory::self_sound() const noexcept { return header_of(block_).self_sound != 0; }
StreamRef CachedDirectory::listing() const noexcept {
  const BlockHeader& header = header_of(block_);
  StreamRef ref;
  ref.level = static_cast<std::uint8_t>(header.level);
  ref.length = header.length;
  ref.id.bytes = header.listing;
  return ref;
}
std::uint64_t CachedDirectory::entries_below() const noexcept { return header_of(block_).entries_below; }
std::uint64_t CachedDirectory::files_below() const noexcept { return header_of(block_).files_below; }
std::uint64_t CachedDirectory::bytes_below() const noexcept { return header_of(block_).bytes_below; }
std::size_t CachedDirectory::entry_count() const noexcept { return header_of(block_).entry_count; }
const CachedEntry& CachedDirectory::entry(std::size_t index) const noexcept {
  return *reinterpret_cast<const CachedEntry*>(block_.data() + sizeof(BlockHeader) + index * sizeof(CachedEntry));
}
std::string_view CachedDirectory::name(std::size_t index) const noexcept {
  const BlockHeader& header = header_of(block_);
  const std::size_t names = sizeof(BlockHeader) + header.entry_count * sizeof(CachedEntry) + header.path_bytes;
  const std::uint32_t begin = index == 0 ? 0 : entry(index - 1).name_end;
  return as_text(block_.subspan(names + begin, entry(index).name_end - begin));
}
std::optional<std::size_t> CachedDirectory::find(std::string_view name) const noexcept {
  std::size_t low = 0;
  std::size_t high = entry_count();
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    const int order = this->name(middle).compare(name);
    if (order == 0) return middle;
    (order < 0 ? low : high) = order < 0 ? middle + 1 : middle;
  }
  return std::nullopt;
}

std::shared_ptr<const StatCache> StatCache::none() { return std::make_shared<StatCache>(); }

std::shared_ptr<const StatCache> StatCache::open(Engine& engine) {
  auto cache = std::make_shared<StatCache>();
  PackListing packs(engine);
  const auto base = BlockFile::open(engine, packs, kName, kMagic);
  if (!base) return cache;
  for (std::size_t level = kMaxLevels; level > 0; --level)
    if (auto file = BlockFile::open(engine, packs, level_name(level).c_str(), kMagic)) cache->levels_.push_back(std::move(file));
  cache->levels_.push_back(base);
  return cache;
}

std::optional<CachedDirectory> StatCache::find(std::string_view path) const {
  const std::uint64_t hash = xxh3_64(as_bytes(path));
  for (std::size_t level = 0; level < levels_.size(); ++level) {
    const bool is_in_place = level >= pending_count_;
    const auto block =
        levels_[level]->find(hash, [&](ByteView found) { return is_whole(found) && CachedDirectory(found, is_in_place).path() == path; });
    if (block) return CachedDirectory(*block, is_in_place);
  }
  return std::nullopt;
}

std::vector<CachedDirectory> StatCache::all() const {
  std::vector<CachedDirectory> result;
  std::unordered_set<std::string_view> seen;
  for (std::size_t level = 0; level < levels_.size(); ++level)
    for (const auto& [hash, block] : levels_[level]->all())
      if (is_whole(block))
        if (const CachedDirectory directory(block, level >= pending_count_); seen.insert(directory.path()).second)
          result.push_back(directory);
  return result;
}

void StatCache::carry_over(Engine& engine, const std::function<bool(const StreamRef& listing)>& is_there) const {
  if (is_empty()) return;
  BlockFileWriter file(engine, kName, kMagic, BlockFile::Extra{});
  for (const CachedDirectory& directory : all())
    if (directory.listing().length == 0 || is_there(directory.listing())) file.add(xxh3_64(as_bytes(directory.path())), directory.block());
  file.put_in_place();
}

StatCacheWriter::StatCacheWriter(Engine& engine, std::shared_ptr<const StatCache> before)
    : engine_(engine), before_(std::move(before)), boot_(boot_mark(engine.system)) {}

void StatCacheWriter::add(const DirectoryToCache& directory) {
  BlockHeader header{};
  header.path_bytes = static_cast<std::uint32_t>(directory.path.size());
  header.entry_count = static_cast<std::uint32_t>(directory.entries.size());
  header.names_bytes = static_cast<std::uint32_t>(directory.names.size());
  header.device = directory.device;
  header.boot = boot_;
  header.self = directory.self;
  header.self_sound = directory.self_sound ? 1 : 0;
  header.level = directory.listing.level;
  header.length = directory.listing.length;
  header.listing = directory.listing.id.bytes;
  header.entries_below = directory.entries_below;
  header.files_below = directory.files_below;
  header.bytes_below = directory.bytes_below;
  Bytes block(sizeof header + directory.entries.size() * sizeof(CachedEntry) + directory.path.size() + directory.names.size());
  std::byte* to = block.data();
  const auto put = [&to](const void* from, std::size_t size) {
    if (size != 0) std::memcpy(to, from, size);
    to += size;
  };
  put(&header, sizeof header);
  put(directory.entries.data(), directory.entries.size() * sizeof(CachedEntry));
  put(directory.path.data(), directory.path.size());
  put(directory.names.data(), directory.names.size());
  add_block(directory.path, block);
}

void StatCacheWriter::add_block(std::string_view path, ByteView block) {
  const std::lock_guard lock(mutex_);
  if (!file_) file_ = std::make_unique<BlockFileWriter>(engine_, kName, kMagic, BlockFile::Extra{});
  file_->add(xxh3_64(as_bytes(path)), block);
  added_bytes_ += block.size();
}

void StatCacheWriter::keep(const CachedDirectory& directory) {
  if (!directory.is_in_place()) return add_block(directory.path(), directory.block());
  const std::lock_guard lock(mutex_);
  kept_.push_back(directory);
}

std::shared_ptr<const StatCache> StatCacheWriter::finish() {
  auto cache = std::make_shared<StatCache>();
  if (file_)
    if (auto added = file_->finish()) {
      cache->levels_.push_back(std::move(added));
      cache->pending_count_ = 1;
    }
  const auto in_place = before_->levels_.begin() + static_cast<std::ptrdiff_t>(before_->pending_count_);
  cache->levels_.insert(cache->levels_.end(), in_place, before_->levels_.end());
  finished_ = cache;
  return cache;
}

std::optional<CachedDirectory> StatCacheWriter::find_seen(std::string_view path) {
  const auto found = finished_ ? finished_->find(path) : std::nullopt;
  if (!found || !found->is_in_place()) return found;
  if (!std::exchange(is_sorted_, true))  // only restores ask
    std::sort(kept_.begin(), kept_.end(), [](const CachedDirectory& a, const CachedDirectory& b) { return a.path() < b.path(); });
  const auto kept = std::lower_bound(kept_.begin(), kept_.end(), path,
                                     [](const CachedDirectory& directory, std::string_view wanted) { return directory.path() < wanted; });
  return kept != kept_.end() && kept->path() == path ? found : std::nullopt;
}

void StatCacheWriter::put_in_place() {
  if (!file_) return;
  const auto in_place = std::span(before_->levels_).subspan(before_->pending_count_);
  std::uint64_t level_bytes = added_bytes_;
  for (std::size_t level = 0; level + 1 < in_place.size(); ++level) level_bytes += in_place[level]->file_bytes();
  const bool is_much = in_place.empty() || in_place.size() > kMaxLevels || level_bytes > in_place.back()->file_bytes() / 4;
  if (is_much) return merge();
  file_->put_in_place(level_name(in_place.size()).c_str());
}

/// Everything into one file again.
void StatCacheWriter::merge() {
  for (const CachedDirectory& directory : kept_) file_->add(xxh3_64(as_bytes(directory.path())), directory.block());
  file_->put_in_place();
  for (std::size_t level = 1; level <= kMaxLevels; ++level)
    engine_.system.remove_file(engine_.dirs.cache.get(), level_name(level).c_str());  // one left over is still true
}

}  // namespace metamori
