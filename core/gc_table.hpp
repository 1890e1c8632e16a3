#pragma once

#include <span>
#include <unordered_map>
#include <vector>

#include "core/engine.hpp"

namespace metamori {

/// All copies of all chunks, and what each is held as a difference to: what gc decides by. About 100 bytes a copy.
class GcTable {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  struct Pack {
    PackName name;
    std::uint64_t file_bytes = 0;
    std::uint32_t copies_begin = 0, copies_end = 0;  ///< in the order of packs, see copies_of_pack()
    bool in_trash = false;
  };
  struct Copy {
    ChunkId id;
    std::uint64_t offset = 0;
    std::uint32_t raw_bytes = 0;
    std::uint32_t stored_bytes = 0;  ///< of its frame; a share of it in a group
    std::uint32_t pack = 0;
    std::uint32_t chunk = 0;
    std::uint32_t bases_begin = 0;  ///< in bases
    std::uint16_t member = 0;
    std::uint16_t base_count = 0;
    std::uint8_t depth = 0;
    Kind kind = Kind::data;
  };

  /// Reads every pack of `packs/` and `trash/`. Throws corrupt if one is damaged.
  explicit GcTable(Engine& engine);

  [[nodiscard]] const std::vector<Pack>& packs() const noexcept { return packs_; }
  [[nodiscard]] std::uint32_t chunk_count() const noexcept { return static_cast<std::uint32_t>(first_.size()); }
  /// kNone if no pack has it.
  [[nodiscard]] std::uint32_t find(const ChunkId& id) const noexcept;
  [[nodiscard]] const ChunkId& id(std::uint32_t chunk) const noexcept { return copies_[first_[chunk]].id; }
  /// The copy that is kept of a chunk: of least depth, of those that are not in the trash if there are any.
  [[nodiscard]] const Copy& home(std::uint32_t chunk) const noexcept { return copies_[first_[chunk]]; }
  [[nodiscard]] bool is_home(const Copy& copy) const noexcept { return &copy == &home(copy.chunk); }
  /// In the order of their frames.
  [[nodiscard]] std::vector<const Copy*> copies_of_pack(std::uint32_t pack) const;
  /// Chunks that a copy is held as a difference to; kNone among them if no pack has one.
  [[nodiscard]] std::span<const std::uint32_t> bases(const Copy& copy) const noexcept {
    return std::span(bases_).subspan(copy.bases_begin, copy.base_count);
  }

 private:
  void add_pack(const PackReader& pack, bool in_trash);
  void join();

  std::vector<Pack> packs_;
  std::vector<Copy> copies_;            ///< by id; of one id the home first
  std::vector<std::uint32_t> first_;    ///< of each chunk
  std::vector<std::uint32_t> by_pack_;  ///< copies by pack and offset
  std::vector<ChunkId> base_ids_;       ///< until they are joined
  std::vector<std::uint32_t> bases_;
};

}  // namespace metamori
