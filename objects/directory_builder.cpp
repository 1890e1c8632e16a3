#include "base/assert.hpp"
#include "objects/directory_leaf.hpp"

namespace metamori {

struct DirectoryBuilder::Impl {
  /// What was closed at one level, and the open node of the level above that names it.
  struct Level {
    ByteWriter children;         ///< of the open node
    std::string first_name;      ///< of its first child
    std::size_t count = 0;       ///< of its children
    std::uint64_t entries = 0;   ///< in them
    std::uint64_t finished = 0;  ///< chunks of the level below put so far
    ChunkId last;                ///< the last of them
  };

  explicit Impl(ChunkSink& where) : sink(where) {}

  void close_leaf() {
    const std::uint64_t count = leaf.count();
    const ChunkId id = sink.put(leaf.finish(), Kind::directory);
    push(0, {leaf_first_name, count, id});
  }
  /// Appends a closed chunk of level `at` to the open node above it, and closed nodes to the levels above.
  void push(std::size_t at, NodeChild child) {
    for (;; ++at) {
      MM_ASSERT(at <= kMaxStreamLevel);
      if (levels.size() == at) levels.emplace_back();
      Level& level = levels[at];
      encode_child(child, level.children);
      if (level.count == 0) level.first_name = child.first_name;
      ++level.count;
      ++level.finished;
      level.entries += child.entry_count;
      level.last = child.id;
      if (!leaf_ends_after(static_cast<std::uint8_t>(at + 1), level.count, level.children.size(), child.first_name)) return;
      child = close(level);
    }
  }
  NodeChild close(Level& level) {
    NodeChild node{level.first_name, level.entries, sink.put(level.children.view(), Kind::directory)};
    level.children.clear();
    level.count = 0;
    level.entries = 0;
    return node;
  }

  ChunkSink& sink;
  LeafWriter leaf;
  std::string leaf_first_name, last_name;
  std::vector<Level> levels;  ///< [n] holds the open node of level n + 1
  StreamRef listing;
  BelowTotals below;
};

DirectoryBuilder::DirectoryBuilder(ChunkSink& sink) : impl_(std::make_unique<Impl>(sink)) {}
DirectoryBuilder::~DirectoryBuilder() = default;

void DirectoryBuilder::add(const Entry& entry) {
  Impl& impl = *impl_;
  MM_ASSERT(is_entry_name(entry.name) && entry.name > impl.last_name);
  impl.last_name = entry.name;
  if (impl.leaf.count() == 0) impl.leaf_first_name = entry.name;
  impl.leaf.add(entry);
  ++impl.listing.length;
  impl.below.add(entry);
  if (leaf_ends_after(0, impl.leaf.count(), impl.leaf.bytes(), entry.name)) impl.close_leaf();
}

DirectoryBuilder::Result DirectoryBuilder::finish() {
  Impl& impl = *impl_;
  if (impl.listing.length == 0) return {};
  if (impl.leaf.count() > 0) impl.close_leaf();
  // A level that came out as one chunk is the top; the node above it, which only names it, is never put.
  for (std::size_t at = 0;; ++at) {
    MM_ASSERT(at < impl.levels.size());
    auto& level = impl.levels[at];
    if (level.finished == 1) {
      impl.listing.level = static_cast<std::uint8_t>(at);
      impl.listing.id = level.last;
      return {impl.listing, impl.below.entries, impl.below.files, impl.below.bytes};
    }
    if (level.count > 0) impl.push(at + 1, impl.close(level));
  }
}

}  // namespace metamori
