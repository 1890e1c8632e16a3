#pragma once

// Which chunks the records lead to: docs/keeping.md, *Mark*.

#include <set>
#include <unordered_set>

#include "core/gc_table.hpp"
#include "core/look_meter.hpp"

namespace metamori {

/// From all records; anything that can't be read stops it, because what lies below is not known then.
class GcMark {
 public:
  /// `lost`: chunks that are known to be nowhere; what only they lead to can't be reached by anybody.
  explicit GcMark(const GcTable& table, std::set<ChunkId> lost = {}) : table_(table), lost_(std::move(lost)), live_(table.chunk_count()) {}
  /// Everything that the record needs. Throws corrupt if it is not there, and was not known to be lost.
  void add(Engine& engine, const Record& record, const LookMeter& meter);
  [[nodiscard]] bool is_live(std::uint32_t chunk) const noexcept { return live_[chunk]; }
  /// Whether it is needed as a listing, so that everything below it is needed, too.
  [[nodiscard]] bool is_live_listing(const StreamRef& listing) const;
  [[nodiscard]] bool is_live(const ChunkId& id) const noexcept {
    const std::uint32_t chunk = table_.find(id);
    return chunk != GcTable::kNone && live_[chunk];
  }

 private:
  class Visitor;
  /// kNone if it is lost.
  std::uint32_t mark(const ChunkId& id);

  const GcTable& table_;
  std::set<ChunkId> lost_;
  std::vector<bool> live_;
  std::unordered_set<std::uint64_t> nodes_;  ///< met as such, since the same bytes may stand for several kinds of node
};

}  // namespace metamori
