#pragma once

// Marks on chunks: which checkpoint needs each, or which path had it first.

#include <functional>
#include <unordered_map>
#include <vector>

#include "core/chunk_table.hpp"
#include "core/look_meter.hpp"
#include "core/node_walk.hpp"
#include "metamori/stats.hpp"

namespace metamori {

/// A chunk's mark: 0 not needed, kShared needed by several, else the one that needs it.
class StatsMarks {
 public:
  static constexpr std::uint32_t kShared = UINT32_MAX;

  StatsMarks(const ChunkTable& table, const LookMeter& meter)
      : table_(table), meter_(meter), marks_(table.size()), is_content_(table.size()), is_met_(table.size()) {}
  /// A visitor that marks what it meets as needed by `owner` (not 0, not kShared). What was marked by another becomes shared, with all
  /// below it; what is marked so already is not looked at again.
  class Owner;
  /// A visitor for which the first mark stays: what was marked is not looked at again.
  class First;

  [[nodiscard]] std::uint32_t mark(std::uint32_t index) const noexcept { return marks_[index]; }
  /// Whether the content with this top chunk was not met before; now it is.
  bool meet(const ChunkId& id);
  /// Whether it was first met in the content of a file.
  [[nodiscard]] bool is_content(std::uint32_t index) const noexcept { return is_content_[index]; }
  /// What is marked `mark`; of all marked chunks if 0.
  [[nodiscard]] StatsAmount sum(std::uint32_t mark) const;
  /// By mark, for marks below `count`.
  [[nodiscard]] std::vector<StatsAmount> sums(std::size_t count) const;
  void add_to(StatsAmount& amount, std::uint32_t index) const;

 private:
  /// Throws corrupt if no pack has it.
  [[nodiscard]] std::uint32_t index_of(const ChunkId& id) const;
  static std::uint64_t key_of(std::uint32_t index, const WalkNode& node) noexcept;
  /// Marks a chunk and all that it is held as a difference to.
  void put(std::uint32_t index, std::uint32_t mark, bool is_content, bool first_stays);

  const ChunkTable& table_;
  const LookMeter& meter_;
  std::vector<std::uint32_t> marks_;
  std::vector<bool> is_content_;
  std::vector<bool> is_met_;
  std::unordered_map<std::uint64_t, std::uint32_t> nodes_;  ///< marks of nodes, since the same bytes may stand for several kinds of node
};

class StatsMarks::Owner final : public NodeVisitor {
 public:
  Owner(StatsMarks& marks, std::uint32_t owner) : marks_(marks), owner_(owner) {}
  bool enter(const WalkNode& node) override;
  void chunk(const ChunkId& id, bool is_content, std::uint32_t tag) override;
  std::uint32_t entry(const Entry& entry, std::uint32_t tag) override;

 private:
  StatsMarks& marks_;
  std::uint32_t owner_;
};

/// The mark is the tag.
class StatsMarks::First final : public NodeVisitor {
 public:
  /// `tag_of`: the tag of what is below an entry, told the tag of its directory.
  using TagOf = std::function<std::uint32_t(const Entry& entry, std::uint32_t tag)>;
  First(StatsMarks& marks, TagOf tag_of) : marks_(marks), tag_of_(std::move(tag_of)) {}
  bool enter(const WalkNode& node) override;
  void chunk(const ChunkId& id, bool is_content, std::uint32_t tag) override;
  std::uint32_t entry(const Entry& entry, std::uint32_t tag) override;

 private:
  StatsMarks& marks_;
  TagOf tag_of_;
};

}  // namespace metamori
