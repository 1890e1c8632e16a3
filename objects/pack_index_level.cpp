#include "objects/pack_index_level.hpp"

#include <fcntl.h>

#include <algorithm>

#include "base/digest.hpp"
#include "objects/pack_layout.hpp"
#include "objects/pack_search.hpp"

namespace metamori {
namespace {

constexpr std::string_view kMagic = "MMINDEX1";
constexpr std::size_t kFixedHeaderBytes = 32;
constexpr std::size_t kChecksumOffset = kLevelBlockBytes - 8;
constexpr unsigned kOffsetBits = 40;
constexpr std::size_t kPendingBytes = 1U << 20;

std::uint64_t round_up(std::uint64_t value, std::uint64_t unit) noexcept { return (value + unit - 1) / unit * unit; }
std::uint64_t header_bytes(std::uint64_t pack_count) noexcept { return kFixedHeaderBytes + pack_count * ChunkTag::size_bytes + 8; }
std::uint64_t blocks_for(std::uint64_t rows) noexcept { return (rows + kLevelRowsPerBlock - 1) / kLevelRowsPerBlock; }

}  // namespace

bool IndexLevel::read_header() {
  if (bytes_.size() < kFixedHeaderBytes + 8) return false;
  ByteReader reader(bytes_, "index level");
  if (as_text(reader.take(kMagic.size())) != kMagic || reader.u32() != kLevelBlockBytes) return false;
  const std::uint32_t pack_count = reader.u32();
  row_count_ = reader.u64();
  blocks_offset_ = reader.u64();
  if (blocks_offset_ != round_up(header_bytes(pack_count), kLevelBlockBytes) || blocks_offset_ > bytes_.size()) return false;
  if (row_count_ / kLevelRowsPerBlock > bytes_.size() / kLevelBlockBytes) return false;
  if (bytes_.size() != blocks_offset_ + blocks_for(row_count_) * kLevelBlockBytes) return false;
  packs_.reserve(pack_count);
  for (std::uint32_t i = 0; i < pack_count; ++i) packs_.push_back(reader.id<ChunkTag>());
  const std::size_t signed_bytes = bytes_.size() - reader.rest().size();
  if (reader.u64() != xxh3_64(bytes_.first(signed_bytes))) return false;
  checked_ = std::vector<std::atomic<bool>>(static_cast<std::size_t>(blocks_for(row_count_)));
  return std::is_sorted(packs_.begin(), packs_.end());
}

std::shared_ptr<const IndexLevel> IndexLevel::load(System& system, int dir, const std::string& file_name) {
  const std::string path = "cache/index/" + file_name;
  const std::optional<Fd> file = find_file(system, dir, file_name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK, path);
  if (!file) return nullptr;
  std::shared_ptr<IndexLevel> level(new IndexLevel);
  level->file_name_ = file_name;
  level->map_ = Mapping(system, file->get(), stat_of(system, file->get(), path).size_bytes, path);
  level->bytes_ = level->map_.bytes();
  return level->read_header() ? level : nullptr;
}

std::shared_ptr<const IndexLevel> IndexLevel::adopt(Bytes bytes) {
  std::shared_ptr<IndexLevel> level(new IndexLevel);
  level->memory_ = std::move(bytes);
  level->bytes_ = level->memory_;
  return level->read_header() ? level : nullptr;
}

const std::byte* IndexLevel::row_bytes(std::uint64_t number) const {
  const std::uint64_t block = number / kLevelRowsPerBlock;
  const ByteView bytes = bytes_.subspan(static_cast<std::size_t>(blocks_offset_ + block * kLevelBlockBytes), kLevelBlockBytes);
  std::atomic<bool>& checked = checked_[static_cast<std::size_t>(block)];
  if (!checked.load(std::memory_order_relaxed)) {
    ByteReader sum(bytes.subspan(kChecksumOffset), "index level");
    if (sum.u64() != xxh3_64(bytes.first(kChecksumOffset), block)) sum.fail("a block's checksum does not hold");
    checked.store(true, std::memory_order_relaxed);
  }
  return bytes.data() + number % kLevelRowsPerBlock * kLevelRowBytes;
}

LevelRow IndexLevel::row(std::uint64_t number) const {
  const PackEntry stored = decode_pack_entry(row_bytes(number));  // the same fields; the pack's number stands in the offset's top bits
  LevelRow row{stored, static_cast<std::uint32_t>(stored.offset >> kOffsetBits)};
  row.entry.offset &= kLevelPackLimit - 1;
  if (row.pack >= packs_.size()) ByteReader({}, "index level").fail("a row names no pack");
  return row;
}

std::uint64_t IndexLevel::lower_bound(const ChunkId& id) const {
  return lower_bound_id(static_cast<std::size_t>(row_count_), id, [this](std::size_t i) { return row_bytes(i); });
}

LevelWriter::LevelWriter(std::vector<PackName> packs, Write write) : packs_(std::move(packs)), write_(std::move(write)) {
  blocks_offset_ = round_up(header_bytes(packs_.size()), kLevelBlockBytes);
  position_ = blocks_offset_;
}

void LevelWriter::add(const LevelRow& row) {
  PackEntry stored = row.entry;
  stored.offset |= static_cast<std::uint64_t>(row.pack) << kOffsetBits;
  block_.resize(block_.size() + kLevelRowBytes);
  encode_pack_entry(stored, block_.data() + block_.size() - kLevelRowBytes);
  ++row_count_;
  if (block_.size() == kLevelRowsPerBlock * kLevelRowBytes) end_block();
}

void LevelWriter::end_block() {
  block_.resize(kChecksumOffset);
  ByteWriter sum;
  sum.u64(xxh3_64(block_, block_count_++));
  pending_.insert(pending_.end(), block_.begin(), block_.end());
  pending_.insert(pending_.end(), sum.view().begin(), sum.view().end());
  block_.clear();
  if (pending_.size() >= kPendingBytes) write_out();
}

void LevelWriter::write_out() {
  write_(position_, pending_);
  position_ += pending_.size();
  pending_.clear();
}

void LevelWriter::finish() {
  if (!block_.empty()) end_block();
  if (!pending_.empty()) write_out();
  ByteWriter header;
  header.raw(as_bytes(kMagic));
  header.u32(kLevelBlockBytes);
  header.u32(static_cast<std::uint32_t>(packs_.size()));
  header.u64(row_count_);
  header.u64(blocks_offset_);
  for (const PackName& pack : packs_) header.id(pack);
  header.u64(xxh3_64(header.view()));
  Bytes padded = header.take();
  padded.resize(static_cast<std::size_t>(blocks_offset_));
  write_(0, padded);
}

}  // namespace metamori
