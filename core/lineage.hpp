#pragma once

// The checkpoints that can be looked at, and who descends from whom.

#include <limits>
#include <vector>

#include "core/engine.hpp"

namespace metamori {

/// A forest: each checkpoint stands below the nearest of its first ancestors that is not forgotten and not left out.
class Lineage {
 public:
  static constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();

  /// Without `safety` those that restores made are left out.
  Lineage(const std::vector<RecordSummary>& records, bool safety);
  [[nodiscard]] std::size_t size() const noexcept { return nodes_.size(); }
  /// By rising number.
  [[nodiscard]] const Position& position(std::size_t index) const noexcept { return nodes_[index].position; }
  [[nodiscard]] std::int64_t time_seconds(std::size_t index) const noexcept { return nodes_[index].time_seconds; }
  /// kNone for the first of a line of descent.
  [[nodiscard]] std::size_t parent(std::size_t index) const noexcept { return nodes_[index].parent; }
  /// The index of a checkpoint; kNone if it is not among them.
  [[nodiscard]] std::size_t find(std::uint64_t number) const noexcept;
  /// Indexes such that each is followed by all that descend from it.
  [[nodiscard]] std::vector<std::size_t> preorder() const;

 private:
  struct Node {
    Position position;
    std::int64_t time_seconds = 0;
    std::size_t parent = kNone;
  };
  std::vector<Node> nodes_;
};

}  // namespace metamori
