#include "core/stat_cache.hpp"

#include <fcntl.h>

#include <algorithm>
#include <bit>

#include "base/digest.hpp"

namespace metamori {
namespace {

static_assert(std::endian::native == std::endian::little, "mapped caches are read in place");

constexpr std::size_t kHeaderBytes = 80;
constexpr std::string_view kMagic = "MMSTAT02";
constexpr std::size_t kIndexRowBytes = 16;

struct BlockHeader {
  std::uint64_t checksum;  ///< XXH3 of the rest of the block
  std::uint32_t block_bytes;
  std::uint32_t path_bytes;
  std::uint32_t entry_count;
  std::uint32_t names_bytes;
  std::uint64_t device;
  StatKey self;
  std::uint32_t self_sound;
  std::uint32_t level;
  std::uint64_t length;
  std::uint64_t entries_below;
  std::uint64_t files_below;
  std::uint64_t bytes_below;
  std::array<std::byte, 32> listing;
};
static_assert(sizeof(BlockHeader) % 8 == 0 && sizeof(BlockHeader) == 152);

const BlockHeader& header_of(ByteView block) noexcept { return *reinterpret_cast<const BlockHeader*>(block.data()); }

std::uint64_t padded(std::uint64_t size) { return (size + 7) & ~std::uint64_t{7}; }

std::uint64_t read_u64(const std::byte* from) {
  std::uint64_t value = 0;
  std::memcpy(&value, from, sizeof value);
  return value;
}

}  // namespace

StatKey stat_key(const FileStat& stat) {
  return {stat.inode, stat.size_bytes, stat.mtime.seconds, stat.ctime.seconds, stat.mtime.nanoseconds, stat.ctime.nanoseconds,
          stat.mode,  stat.link_count};
}

std::string_view CachedDirectory::path() const noexcept {
  const BlockHeader& header = header_of(block_);
  return as_text(block_.subspan(sizeof(BlockHeader) + header.entry_count * sizeof(CachedEntry), header.path_bytes));
}
const StatKey& CachedDirectory::self() const noexcept { return header_of(block_).self; }
std::uint64_t CachedDirectory::device() const noexcept { return header_of(block_).device; }
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
  if (!engine.dirs.cache.is_open()) return none();
  const int raw = engine.system.open_at(engine.dirs.cache.get(), "stat", O_RDONLY | O_NOFOLLOW, 0);
  if (raw < 0) return none();
  return read(engine, Fd(engine.system, raw));
}

std::shared_ptr<const StatCache> StatCache::read(Engine& engine, const Fd& file) {
  FileStat stat;
  if (engine.system.stat(file.get(), stat) < 0 || stat.size_bytes < kHeaderBytes) return none();
  auto cache = std::make_shared<StatCache>();
  try {
    cache->map_ = Mapping(engine.system, file.get(), stat.size_bytes, "cache/stat");
  } catch (const Error&) {
    return none();
  }
  const ByteView all = cache->map_.bytes();
  ByteReader in(all.first(kHeaderBytes), "stat cache");
  const bool known = as_text(in.take(8)) == kMagic && to_hex(in.take(16)) == engine.repository_id;
  const std::uint64_t generation = in.u64();
  const std::uint64_t highest = in.u64();
  const std::uint64_t block_count = in.u64();
  const std::uint64_t index_offset = in.u64();
  const std::uint64_t index_checksum = in.u64();
  in.u64();
  if (!known || in.u64() != xxh3_64(all.first(kHeaderBytes - 8))) return none();
  // A repository that was put back from an older copy may lack what the cache speaks of.
  if (generation != engine.log->gc_generation() || highest > engine.log->highest()) return none();
  if (index_offset > all.size() || (all.size() - index_offset) / kIndexRowBytes != block_count) return none();
  if (xxh3_64(all.subspan(index_offset)) != index_checksum) return none();
  cache->block_count_ = block_count;
  cache->index_offset_ = index_offset;
  return cache;
}

std::optional<CachedDirectory> StatCache::find(std::string_view path) const {
  if (block_count_ == 0) return std::nullopt;
  const std::uint64_t hash = xxh3_64(as_bytes(path));
  const std::byte* rows = map_.bytes().data() + index_offset_;
  std::size_t low = 0;
  std::size_t high = block_count_;
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    if (read_u64(rows + middle * kIndexRowBytes) < hash)
      low = middle + 1;
    else
      high = middle;
  }
  for (; low < block_count_ && read_u64(rows + low * kIndexRowBytes) == hash; ++low) {
    const auto found = block_at(read_u64(rows + low * kIndexRowBytes + 8));
    if (found && found->path() == path) return found;
  }
  return std::nullopt;
}

std::vector<CachedDirectory> StatCache::all() const {
  std::vector<std::uint64_t> offsets(block_count_);
  for (std::size_t row = 0; row < block_count_; ++row)
    offsets[row] = read_u64(map_.bytes().data() + index_offset_ + row * kIndexRowBytes + 8);
  std::sort(offsets.begin(), offsets.end());
  std::vector<CachedDirectory> result;
  result.reserve(block_count_);
  for (const std::uint64_t offset : offsets)
    if (const auto block = block_at(offset)) result.push_back(*block);
  return result;
}

std::optional<CachedDirectory> StatCache::block_at(std::uint64_t offset) const {
  const ByteView blocks = map_.bytes().first(index_offset_);
  if (offset % 8 != 0 || offset > blocks.size() || blocks.size() - offset < sizeof(BlockHeader)) return std::nullopt;
  const BlockHeader& header = header_of(blocks.subspan(offset));
  const std::uint64_t needed =
      sizeof(BlockHeader) + std::uint64_t{header.entry_count} * sizeof(CachedEntry) + header.path_bytes + header.names_bytes;
  if (header.block_bytes != needed || needed > blocks.size() - offset) return std::nullopt;
  const ByteView block = blocks.subspan(offset, needed);
  if (header.checksum != xxh3_64(block.subspan(8))) return std::nullopt;
  return CachedDirectory(block);
}

StatCacheWriter::StatCacheWriter(Engine& engine) : engine_(engine), offset_(kHeaderBytes), flushed_(kHeaderBytes) {
  failed_ = engine.read_only || !engine.dirs.cache.is_open() || !engine.dirs.tmp.is_open();
  if (failed_) return;
  name_ = unique_name(engine.system, "stat-");
  try {
    file_ = create_temporary(engine.system, engine.dirs.tmp.get(), name_.c_str(), O_RDWR, "cache/stat");
  } catch (const Error&) {
    failed_ = true;  // a cache that can't be written costs time, not truth
  }
}

StatCacheWriter::~StatCacheWriter() {
  if (!name_.empty() && file_.is_open()) engine_.system.remove_file(engine_.dirs.tmp.get(), name_.c_str());
}

void StatCacheWriter::add(const DirectoryToCache& directory) {
  BlockHeader header{};
  header.path_bytes = static_cast<std::uint32_t>(directory.path.size());
  header.entry_count = static_cast<std::uint32_t>(directory.entries.size());
  header.names_bytes = static_cast<std::uint32_t>(directory.names.size());
  header.block_bytes = static_cast<std::uint32_t>(sizeof header + directory.entries.size() * sizeof(CachedEntry) + directory.path.size() +
                                                  directory.names.size());
  header.device = directory.device;
  header.self = directory.self;
  header.self_sound = directory.self_sound ? 1 : 0;
  header.level = directory.listing.level;
  header.length = directory.listing.length;
  header.listing = directory.listing.id.bytes;
  header.entries_below = directory.entries_below;
  header.files_below = directory.files_below;
  header.bytes_below = directory.bytes_below;
  Bytes block(header.block_bytes);
  std::byte* to = block.data() + sizeof header;
  const auto put = [&to](const void* from, std::size_t size) {
    if (size != 0) std::memcpy(to, from, size);
    to += size;
  };
  put(directory.entries.data(), directory.entries.size() * sizeof(CachedEntry));
  put(directory.path.data(), directory.path.size());
  put(directory.names.data(), directory.names.size());
  std::memcpy(block.data(), &header, sizeof header);
  header.checksum = xxh3_64(ByteView(block).subspan(8));
  std::memcpy(block.data(), &header.checksum, sizeof header.checksum);
  const std::lock_guard lock(mutex_);
  ++added_count_;
  append(block, directory.path);
}

void StatCacheWriter::keep(const CachedDirectory& directory) {
  const std::lock_guard lock(mutex_);
  append(directory.block(), directory.path());
}

void StatCacheWriter::append(ByteView block, std::string_view path) {
  if (failed_) return;
  index_.emplace_back(xxh3_64(as_bytes(path)), offset_);
  buffer_.insert(buffer_.end(), block.begin(), block.end());
  buffer_.resize(padded(buffer_.size()));
  offset_ = flushed_ + buffer_.size();
  if (buffer_.size() >= (1U << 20)) flush_buffer();
}

void StatCacheWriter::flush_buffer() {
  try {
    write_all(engine_.system, file_.get(), buffer_, flushed_, "cache/stat");
  } catch (const Error&) {
    failed_ = true;  // a cache that can't be written costs time, not truth
  }
  flushed_ += buffer_.size();
  buffer_.clear();
}

std::shared_ptr<const StatCache> StatCacheWriter::finish() {
  const std::lock_guard lock(mutex_);
  if (failed_) return StatCache::none();
  const std::uint64_t index_offset = offset_;
  std::sort(index_.begin(), index_.end());
  ByteWriter index;
  for (const auto& [hash, offset] : index_) {
    index.u64(hash);
    index.u64(offset);
  }
  const Bytes index_bytes = index.take();
  buffer_.insert(buffer_.end(), index_bytes.begin(), index_bytes.end());
  flush_buffer();
  ByteWriter header;
  header.raw(as_bytes(kMagic));
  header.raw(from_hex(engine_.repository_id).value_or(Bytes(16)));
  header.u64(engine_.log->gc_generation());
  header.u64(engine_.log->highest());
  header.u64(index_.size());
  header.u64(index_offset);
  header.u64(xxh3_64(index_bytes));
  header.u64(0);
  header.u64(xxh3_64(header.view()));
  try {
    if (!failed_) write_all(engine_.system, file_.get(), header.view(), 0, "cache/stat");
  } catch (const Error&) {
    failed_ = true;
  }
  if (failed_) return StatCache::none();
  finished_ = true;
  return StatCache::read(engine_, file_);
}

void StatCacheWriter::put_in_place() {
  if (failed_ || !finished_) return;
  if (engine_.system.rename(engine_.dirs.tmp.get(), name_.c_str(), engine_.dirs.cache.get(), "stat", RenameMode::replace) == 0)
    name_.clear();
}

}  // namespace metamori
