#pragma once

// One level of the merged index: a sorted table of the chunks of many packs, in a file of `cache/index/` or in memory. Derived from the
// packs' own indexes; its layout is not part of the repository format and may change with any version (then the magic changes and the file
// is ignored).
//
//   header   "MMINDEX1", u32 bytes of a block (4096), u32 number of packs, u64 number of rows, u64 offset of the first block,
//            names of the packs (32 bytes each, sorted), u64 XXH3 of all this; zeros up to the first block, which is at a multiple of 4096
//   blocks   85 rows of 48 bytes (the last block: what is left, then zeros), 8 zero bytes, u64 XXH3 of the 4088 bytes before with the
//   block's number as seed row      32 bytes id, u64 pack's number << 40 | offset of the frame, u32 raw_len, u16 member, u8 depth, u8 kind;
//   sorted by id, then by pack
//
// The header is checked on opening, a block when it is first touched.

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "objects/pack.hpp"

namespace metamori {

inline constexpr std::size_t kLevelBlockBytes = 4096;
inline constexpr std::size_t kLevelRowBytes = 48;
inline constexpr std::size_t kLevelRowsPerBlock = 85;
/// Packs this large cannot be in a level: a row has 40 bits for the offset.
inline constexpr std::uint64_t kLevelPackLimit = std::uint64_t{1} << 40;

struct LevelRow {
  PackEntry entry;
  std::uint32_t pack = 0;  ///< index into the level's packs
};

/// Thread-safe.
class IndexLevel {
 public:
  /// Nothing (null) if the file is missing or its header is not sound.
  static std::shared_ptr<const IndexLevel> load(System& system, int dir, const std::string& file_name);
  /// Of a table built in memory.
  static std::shared_ptr<const IndexLevel> adopt(Bytes bytes);
  [[nodiscard]] const std::vector<PackName>& packs() const noexcept { return packs_; }
  [[nodiscard]] std::uint64_t row_count() const noexcept { return row_count_; }
  /// Empty if it is in memory only.
  [[nodiscard]] const std::string& file_name() const noexcept { return file_name_; }
  /// Throws corrupt if the block's checksum does not hold.
  [[nodiscard]] LevelRow row(std::uint64_t number) const;
  /// Number of the first row whose id is not below `id`. Throws corrupt as row().
  [[nodiscard]] std::uint64_t lower_bound(const ChunkId& id) const;

 private:
  IndexLevel() = default;
  bool read_header();
  [[nodiscard]] const std::byte* row_bytes(std::uint64_t number) const;

  std::string file_name_;
  Mapping map_;
  Bytes memory_;
  ByteView bytes_;
  std::vector<PackName> packs_;
  std::uint64_t row_count_ = 0;
  std::uint64_t blocks_offset_ = 0;
  mutable std::vector<std::atomic<bool>> checked_;  ///< by block
};

/// Writes a level through `write(offset, bytes)`, in large pieces, the header last.
class LevelWriter {
 public:
  using Write = std::function<void(std::uint64_t offset, ByteView bytes)>;
  /// `packs` are sorted.
  LevelWriter(std::vector<PackName> packs, Write write);
  /// Rows come sorted.
  void add(const LevelRow& row);
  void finish();

 private:
  void end_block();
  void write_out();

  std::vector<PackName> packs_;
  Write write_;
  std::uint64_t blocks_offset_ = 0;
  std::uint64_t row_count_ = 0;
  std::uint64_t block_count_ = 0;
  std::uint64_t position_ = 0;
  Bytes block_;
  Bytes pending_;
};

}  // namespace metamori
