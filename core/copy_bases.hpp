#pragma once

#include <optional>
#include <unordered_map>
#include <vector>

#include "core/copy_records.hpp"

namespace metamori {

/// Trees that are in the target, or on their way there, by what they are like: so that a walk over another one reads what differs alone.
class CopyBases {
 public:
  CopyBases(Engine& source, Engine& target, CopyRecords& records);
  /// Anew: what was there may have been forgotten, and its content given back.
  void look_again();
  /// Everything below `root`, of checkpoint `number` of the source, is there or on its way.
  void add(std::uint64_t number, const ChunkId& root);
  /// It is not, after all.
  void drop(std::uint64_t number);
  /// The root of the nearest ancestor of checkpoint `number` of the source; else of the one added last, or of the target's newest.
  std::optional<ChunkId> base_of(std::uint64_t number);
  /// Of a checkpoint in the source.
  [[nodiscard]] const std::vector<Position>& parents_of(std::uint64_t number) const { return parents_.at(number); }

 private:
  Engine& target_;
  CopyRecords& records_;
  std::unordered_map<std::uint64_t, std::vector<Position>> parents_;
  std::unordered_map<std::uint64_t, ChunkId> roots_;  ///< of what was added, by number in the source
  std::optional<ChunkId> last_, newest_;
};

}  // namespace metamori
