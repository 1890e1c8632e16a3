#pragma once

// Derived files in `cache/` that are mapped and never parsed as a whole: blocks found by a 64-bit hash of their key. Header and index carry
// a checksum, each block one of its own; what fails it is not believed. Replaced by rename, without fsync.
//
// Layout (this program's own affair, not part of the repository format; little-endian):
//   header, 272 bytes: 8 bytes magic, 16 bytes repository id, u64 gc generation, u64 number of the highest record when it was written, u64
//   block count, u64 index offset, u64 XXH3 of the index,
//     192 bytes for the user, u64 reserved, u64 XXH3 of the bytes before
//   blocks: u64 XXH3 of what follows, u64 bytes of the whole block without padding, then what the user put; padded to 8 bytes
//   index: for each block u64 hash, u64 offset; sorted
// The block of hash 2^64 - 1 names the packs that were there; if one of them is gone nothing in the file is believed, so that the next
// checkpoint reads and stores again what it held.

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/engine.hpp"

namespace metamori {

/// The packs that are there, listed when first asked for and then remembered: a directory of thousands is not read for each file.
class PackListing {
 public:
  explicit PackListing(Engine& engine) : engine_(engine) {}
  const std::vector<PackName>& sorted();

 private:
  Engine& engine_;
  std::optional<std::vector<PackName>> packs_;
};

/// Thread-safe.
class BlockFile {
 public:
  using Extra = std::array<std::byte, 192>;
  /// Nothing if there is none, or it is damaged, of another repository or gc generation, does not have `magic` (8 bytes), or a pack of its
  /// time is gone.
  static std::shared_ptr<const BlockFile> open(Engine& engine, PackListing& packs, const char* name, std::string_view magic);
  /// Whether every checksum in such a file is right, whatever it is for.
  static bool is_whole(ByteView file);
  /// What a whole file tells: the number of the highest record when it was written.
  static std::uint64_t highest_in(ByteView whole_file);
  [[nodiscard]] const Extra& extra() const noexcept { return extra_; }
  [[nodiscard]] std::size_t block_count() const noexcept { return block_count_; }
  [[nodiscard]] std::uint64_t file_bytes() const noexcept { return map_.bytes().size(); }
  /// The first sound block under `hash` for which `matches`. Views live as long as this.
  [[nodiscard]] std::optional<ByteView> find(std::uint64_t hash, const std::function<bool(ByteView)>& matches) const;
  /// Sound blocks with their hashes, in the order of the file.
  [[nodiscard]] std::vector<std::pair<std::uint64_t, ByteView>> all() const;

 private:
  friend class BlockFileWriter;
  static std::shared_ptr<const BlockFile> read(Engine& engine, const Fd& file, std::string_view magic);
  [[nodiscard]] std::optional<ByteView> block_at(std::uint64_t offset) const;
  static std::optional<ByteView> block_in(ByteView blocks, std::uint64_t offset);
  Mapping map_;
  Extra extra_{};
  std::size_t block_count_ = 0;
  std::uint64_t index_offset_ = 0;
};

/// Writes the next one into `tmp/`. Failures to write make it useless, never an error. Thread-safe.
class BlockFileWriter {
 public:
  BlockFileWriter(Engine& engine, const char* name, std::string_view magic, const BlockFile::Extra& extra);
  ~BlockFileWriter();  ///< removes what was not put in place
  BlockFileWriter(const BlockFileWriter&) = delete;
  BlockFileWriter& operator=(const BlockFileWriter&) = delete;
  void add(std::uint64_t hash, ByteView block);
  /// Makes what was added so far readable. Nothing if writing failed.
  std::shared_ptr<const BlockFile> finish();
  /// Makes it the cache under its name, or under `name`; only after everything that the blocks speak of is published.
  void put_in_place() { put_in_place(name_.c_str()); }
  void put_in_place(const char* name);

 private:
  void flush_buffer();
  bool write_index();
  Engine& engine_;
  std::string name_;
  std::string magic_;
  BlockFile::Extra extra_;
  std::uint64_t generation_ = 0;
  std::mutex mutex_;
  Fd file_;
  std::string temporary_;
  bool failed_ = false;
  std::uint64_t flushed_ = 0;
  Bytes buffer_;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> index_;
};

}  // namespace metamori
