#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "core/engine.hpp"

namespace metamori {

/// All chunks in packs and what each takes there, from the packs' indexes alone; of a chunk in several packs, the copy that is read. About
/// 32 bytes a chunk.
class ChunkTable {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  explicit ChunkTable(Engine& engine);
  [[nodiscard]] std::uint32_t size() const noexcept { return static_cast<std::uint32_t>(rows_.size()); }
  /// kNone if no pack has it.
  [[nodiscard]] std::uint32_t find(const ChunkId& id) const noexcept;
  [[nodiscard]] std::uint32_t raw_bytes(std::uint32_t index) const noexcept { return rows_[index].raw_bytes; }
  [[nodiscard]] std::uint32_t stored_bytes(std::uint32_t index) const noexcept { return rows_[index].stored_bytes; }
  /// The chunks that this one is held as a difference to, so that it can't be read without them; none if it is held whole.
  [[nodiscard]] std::span<const std::uint32_t> bases(std::uint32_t index) const noexcept;
  [[nodiscard]] std::uint64_t pack_count() const noexcept { return pack_count_; }
  [[nodiscard]] std::uint64_t pack_bytes() const noexcept { return pack_bytes_; }
  /// What further copies of chunks take.
  [[nodiscard]] std::uint64_t copies() const noexcept { return copies_; }
  [[nodiscard]] std::uint64_t copied_raw_bytes() const noexcept { return copied_raw_bytes_; }
  [[nodiscard]] std::uint64_t copied_stored_bytes() const noexcept { return copied_stored_bytes_; }

 private:
  /// Ids are uniform: half of one tells them apart.
  using Key = std::array<std::byte, 16>;
  struct Row {
    Key key;
    std::uint32_t raw_bytes = 0;
    std::uint32_t stored_bytes = 0;
    std::uint8_t depth = 0;
  };
  struct Link {
    Key key;
    std::uint8_t depth = 0;
    std::vector<ChunkId> bases;
  };
  static Key key_of(const ChunkId& id) noexcept;
  bool add_packs(Engine& engine, std::vector<Link>& links);
  void add_pack(const PackReader& pack, std::vector<Link>& links);
  void keep_one_of_each();
  [[nodiscard]] std::uint32_t find_key(const Key& key) const noexcept;
  void join_bases(const std::vector<Link>& links);

  std::vector<Row> rows_;
  std::vector<std::uint32_t> held_on_;  ///< rows that have bases, ascending, each as often as it has
  std::vector<std::uint32_t> bases_;    ///< beside held_on_
  std::uint64_t pack_count_ = 0;
  std::uint64_t pack_bytes_ = 0;
  std::uint64_t copies_ = 0;
  std::uint64_t copied_raw_bytes_ = 0;
  std::uint64_t copied_stored_bytes_ = 0;
};

}  // namespace metamori
