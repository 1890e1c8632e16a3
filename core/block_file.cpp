#include "core/block_file.hpp"

#include <fcntl.h>

#include <algorithm>
#include <bit>

#include "base/digest.hpp"
#include "base/files.hpp"

namespace metamori {
namespace {

static_assert(std::endian::native == std::endian::little, "mapped caches are read in place");

constexpr std::size_t kHeaderBytes = 272;
constexpr std::size_t kPrefixBytes = 16;
constexpr std::size_t kIndexRowBytes = 16;
constexpr std::size_t kFlushBytes = std::size_t{1} << 20;

/// The block that names the packs that were there when the file was written: what a cache speaks of may be in any of them.
constexpr std::uint64_t kPacksHash = ~std::uint64_t{0};

/// Whether all packs named in `block` are still there.
bool packs_are_there(PackListing& packs, ByteView block) {
  std::vector<PackName> then(block.size() / sizeof(PackName));
  for (std::size_t pack = 0; pack < then.size(); ++pack)
    std::memcpy(then[pack].bytes.data(), block.data() + pack * sizeof(PackName), sizeof(PackName));
  const std::vector<PackName>& now = packs.sorted();
  return std::includes(now.begin(), now.end(), then.begin(), then.end());
}

std::uint64_t read_u64(const std::byte* from) {
  std::uint64_t value = 0;
  std::memcpy(&value, from, sizeof value);
  return value;
}

}  // namespace

const std::vector<PackName>& PackListing::sorted() {
  if (!packs_) packs_ = engine_.store->index().packs();
  return *packs_;
}

std::shared_ptr<const BlockFile> BlockFile::open(Engine& engine, PackListing& packs, const char* name, std::string_view magic) {
  if (!engine.dirs.cache.is_open()) return nullptr;
  const int raw =
      retry_interrupted([&] { return engine.system.open_at(engine.dirs.cache.get(), name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0); });
  if (raw < 0) return nullptr;
  auto file = read(engine, Fd(engine.system, raw), magic);
  if (!file) return nullptr;
  const auto then = file->find(kPacksHash, [](ByteView) { return true; });
  return then && packs_are_there(packs, *then) ? file : nullptr;
}

std::shared_ptr<const BlockFile> BlockFile::read(Engine& engine, const Fd& file, std::string_view magic) {
  FileStat stat;
  if (engine.system.stat(file.get(), stat) < 0 || stat.size_bytes < kHeaderBytes) return nullptr;
  auto result = std::make_shared<BlockFile>();
  try {
    result->map_ = Mapping(engine.system, file.get(), stat.size_bytes, "cache");
  } catch (const Error&) {
    return nullptr;
  }
  const ByteView all = result->map_.bytes();
  ByteReader in(all.first(kHeaderBytes), "cache");
  const bool known = as_text(in.take(8)) == magic && to_hex(in.take(16)) == engine.repository_id;
  const std::uint64_t generation = in.u64();
  const std::uint64_t highest = in.u64();
  const std::uint64_t block_count = in.u64();
  const std::uint64_t index_offset = in.u64();
  const std::uint64_t index_checksum = in.u64();
  const ByteView extra = in.take(result->extra_.size());
  std::copy(extra.begin(), extra.end(), result->extra_.begin());
  in.u64();
  if (!known || in.u64() != xxh3_64(all.first(kHeaderBytes - 8))) return nullptr;
  // A repository that was put back from an older copy may lack what the cache speaks of.
  if (generation != engine.log->gc_generation() || highest > engine.log->highest()) return nullptr;
  if (index_offset < kHeaderBytes || index_offset > all.size() || (all.size() - index_offset) / kIndexRowBytes != block_count)
    return nullptr;
  if (xxh3_64(all.subspan(index_offset)) != index_checksum) return nullptr;
  result->block_count_ = block_count;
  result->index_offset_ = index_offset;
  return result;
}

std::uint64_t BlockFile::highest_in(ByteView whole_file) {
  constexpr std::size_t kHighestOffset = 8 + 16 + 8;
  return read_u64(whole_file.data() + kHighestOffset);
}

bool BlockFile::is_whole(ByteView file) {
  if (file.size() < kHeaderBytes) return false;
  ByteReader in(file.first(kHeaderBytes), "cache");
  in.take(8 + 16 + 8 + 8);
  const std::uint64_t block_count = in.u64();
  const std::uint64_t index_offset = in.u64();
  const std::uint64_t index_checksum = in.u64();
  in.take(std::tuple_size_v<Extra> + 8);
  if (in.u64() != xxh3_64(file.first(kHeaderBytes - 8))) return false;
  if (index_offset < kHeaderBytes || index_offset > file.size() || xxh3_64(file.subspan(index_offset)) != index_checksum) return false;
  if (block_count != (file.size() - index_offset) / kIndexRowBytes) return false;
  const ByteView blocks = file.first(index_offset);
  for (std::uint64_t row = 0; row < block_count; ++row)
    if (!block_in(blocks, read_u64(file.data() + index_offset + row * kIndexRowBytes + 8))) return false;
  return true;
}

std::optional<ByteView> BlockFile::find(std::uint64_t hash, const std::function<bool(ByteView)>& matches) const {
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
    if (found && matches(*found)) return found;
  }
  return std::nullopt;
}

std::vector<std::pair<std::uint64_t, ByteView>> BlockFile::all() const {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> places(block_count_);
  const std::byte* rows = map_.bytes().data() + index_offset_;
  for (std::size_t row = 0; row < block_count_; ++row)
    places[row] = {read_u64(rows + row * kIndexRowBytes + 8), read_u64(rows + row * kIndexRowBytes)};
  std::sort(places.begin(), places.end());
  std::vector<std::pair<std::uint64_t, ByteView>> result;
  result.reserve(block_count_);
  for (const auto& [offset, hash] : places)
    if (const auto block = block_at(offset); block && hash != kPacksHash) result.emplace_back(hash, *block);
  return result;
}

std::optional<ByteView> BlockFile::block_at(std::uint64_t offset) const { return block_in(map_.bytes().first(index_offset_), offset); }

std::optional<ByteView> BlockFile::block_in(ByteView blocks, std::uint64_t offset) {
  if (offset % 8 != 0 || offset > blocks.size() || blocks.size() - offset < kPrefixBytes) return std::nullopt;
  const std::uint64_t size = read_u64(blocks.data() + offset + 8);
  if (size < kPrefixBytes || size > blocks.size() - offset) return std::nullopt;
  const ByteView block = blocks.subspan(offset, size);
  if (read_u64(block.data()) != xxh3_64(block.subspan(8))) return std::nullopt;
  return block.subspan(kPrefixBytes);
}

BlockFileWriter::BlockFileWriter(Engine& engine, const char* name, std::string_view magic, const BlockFile::Extra& extra)
    : engine_(engine), name_(name), magic_(magic), extra_(extra), flushed_(kHeaderBytes) {
  failed_ = engine.read_only || !engine.dirs.cache.is_open() || !engine.dirs.tmp.is_open();
  if (failed_) return;
  generation_ = engine.log->gc_generation();
  temporary_ = unique_name(engine.system, "cache-");
  try {
    file_ = create_temporary(engine.system, engine.dirs.tmp.get(), temporary_.c_str(), O_RDWR, name);
  } catch (const Error&) {
    failed_ = true;  // a cache that can't be written costs time, not truth
  }
}

BlockFileWriter::~BlockFileWriter() {
  if (!temporary_.empty() && file_.is_open()) engine_.system.remove_file(engine_.dirs.tmp.get(), temporary_.c_str());
}

void BlockFileWriter::add(std::uint64_t hash, ByteView block) {
  ByteWriter prefix;
  prefix.u64(kPrefixBytes + block.size());
  const std::lock_guard lock(mutex_);
  if (failed_) return;
  const std::size_t start = buffer_.size();
  index_.emplace_back(hash, flushed_ + start);
  buffer_.resize(start + 8);
  buffer_.insert(buffer_.end(), prefix.view().begin(), prefix.view().end());
  buffer_.insert(buffer_.end(), block.begin(), block.end());
  const std::uint64_t checksum = xxh3_64(ByteView(buffer_).subspan(start + 8));
  std::memcpy(buffer_.data() + start, &checksum, sizeof checksum);
  buffer_.resize((buffer_.size() + 7) & ~std::size_t{7});
  if (buffer_.size() >= kFlushBytes) flush_buffer();
}

void BlockFileWriter::flush_buffer() {
  try {
    write_all(engine_.system, file_.get(), buffer_, flushed_, name_);
  } catch (const Error&) {
    failed_ = true;
  }
  flushed_ += buffer_.size();
  buffer_.clear();
}

std::shared_ptr<const BlockFile> BlockFileWriter::finish() {
  if (!write_index()) return nullptr;
  return BlockFile::read(engine_, file_, magic_);
}

/// Index and header for what was added so far. More may follow: a later index goes behind this one.
bool BlockFileWriter::write_index() {
  const std::lock_guard lock(mutex_);
  if (failed_) return false;
  const std::uint64_t index_offset = flushed_ + buffer_.size();
  std::sort(index_.begin(), index_.end());
  ByteWriter index;
  for (const auto& [hash, offset] : index_) {
    index.u64(hash);
    index.u64(offset);
  }
  buffer_.insert(buffer_.end(), index.view().begin(), index.view().end());
  flush_buffer();
  ByteWriter header;
  header.raw(as_bytes(magic_));
  header.raw(from_hex(engine_.repository_id).value_or(Bytes(16)));
  header.u64(generation_);
  header.u64(engine_.log->highest());
  header.u64(index_.size());
  header.u64(index_offset);
  header.u64(xxh3_64(index.view()));
  header.raw(ByteView(extra_));
  header.u64(0);
  header.u64(xxh3_64(header.view()));
  try {
    if (!failed_) write_all(engine_.system, file_.get(), header.view(), 0, name_);
  } catch (const Error&) {
    failed_ = true;
  }
  return !failed_;
}

void BlockFileWriter::put_in_place(const char* name) {
  // Only now everything that the blocks speak of is published.
  ByteWriter packs;
  for (const PackName& pack : engine_.store->index().known_packs()) packs.id(pack);
  add(kPacksHash, packs.view());
  if (!write_index()) return;
  const int error = retry_interrupted([&] {
    return engine_.system.rename(engine_.dirs.tmp.get(), temporary_.c_str(), engine_.dirs.cache.get(), name, RenameMode::replace);
  });
  if (error == 0) temporary_.clear();
}

}  // namespace metamori
