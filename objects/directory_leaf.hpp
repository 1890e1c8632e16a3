#pragma once

// The chunks that listings are made of: leaves of entries, nodes of children. docs/format.md, section 7.

#include <map>

#include "objects/directory_entry.hpp"

namespace metamori {

inline constexpr std::size_t kMinLeafItems = 8;          ///< a cut by name comes no earlier
inline constexpr std::size_t kMaxLeafBytes = 32U << 10;  ///< the entry or child that reaches it is the last

/// Whether a leaf (level 0) or node ends after its `count`th entry or child, which has `name` and brings it to `bytes`.
bool leaf_ends_after(std::uint8_t level, std::size_t count, std::size_t bytes, std::string_view name) noexcept;

/// Gathers the entries of one leaf after another.
class LeafWriter {
 public:
  void add(const Entry& entry);
  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  /// Bytes of the entries alone.
  [[nodiscard]] std::size_t bytes() const noexcept { return entries_.size(); }
  /// The leaf, valid until the next call; afterwards a new one begins.
  ByteView finish();

 private:
  std::size_t owner_index(const Owner& owner);

  ByteWriter entries_, owners_, leaf_;
  std::map<Owner, std::size_t> indexes_;
  const Owner* last_owner_ = nullptr;  ///< points into indexes_
  std::size_t last_index_ = 0;
  std::size_t count_ = 0;
};

/// Takes the entries of a leaf one by one, checking all that can be checked up to there.
class LeafReader {
 public:
  LeafReader() = default;
  LeafReader(const LeafReader&) = delete;
  LeafReader& operator=(const LeafReader&) = delete;
  /// `leaf` must outlive the reader's use. It must hold `count` entries with names below `bound` (empty: no bound), the first of them
  /// `first_name` (empty: any).
  void open(ByteView leaf, const ChunkId& id, std::uint64_t count, std::string_view first_name, std::string_view bound);
  /// Overwrites `entry`, which held the one before, with the next; false after the last.
  bool next(Entry& entry);

 private:
  std::string what_;
  ByteReader in_{ByteView(), ""};
  LeafOwners owners_;
  std::uint64_t count_ = 0;
  std::uint64_t done_ = 0;
  std::size_t entry_bytes_ = 0;  ///< where the entries began, as bytes left
  std::string previous_;
  std::string first_name_, bound_;
};

/// A child of a node: a leaf, or a node one level down.
struct NodeChild {
  std::string first_name;
  std::uint64_t entry_count = 0;
  ChunkId id;
};
/// For TreePath.
inline std::uint64_t span_of(const NodeChild& child) noexcept { return child.entry_count; }

void encode_child(const NodeChild& child, ByteWriter& out);
/// Decodes the node `chunk`, told by `parent`: its children must hold parent.entry_count entries, begin with parent.first_name (unless
/// empty) and stay below `bound` (unless empty).
void decode_node(ByteView chunk, const NodeChild& parent, bool is_top, std::string_view bound, std::vector<NodeChild>& children);

}  // namespace metamori
