#include <algorithm>

#include "base/assert.hpp"
#include "objects/directory_leaf.hpp"
#include "objects/tree_path.hpp"

namespace metamori {

struct DirectoryCursor::Impl {
  Impl(ChunkSource& where, const StreamRef& listing) : source(where), path(NodeChild{{}, listing.length, listing.id}, listing.level) {}

  /// Whether the cursor stands behind the first entry of a leaf.
  [[nodiscard]] bool inside_leaf() const noexcept { return leaf_open && entries_passed > 0; }
  [[nodiscard]] std::string_view bound() const noexcept {
    const NodeChild* following = path.following();
    return following != nullptr ? std::string_view(following->first_name) : std::string_view();
  }
  /// Reads the node that is the current item and goes to its first child.
  void open_node() {
    const NodeChild node = path.item();
    source.read(node.id, buffer);
    decode_node(buffer, node, path.at_top(), bound(), path.scratch());
    path.enter();
  }
  /// Goes to the first entry at or below the current item.
  void open_leaf() {
    while (path.item_level() > 0) open_node();
    source.read(path.item().id, leaf_bytes);
    start_leaf();
  }
  void start_leaf() {
    const NodeChild& item = path.item();
    leaf_open = false;
    leaf.open(leaf_bytes, item.id, item.entry_count, item.first_name, bound());
    entries_passed = 0;
    MM_ASSERT(item.entry_count > 0);
    if (!leaf.next(entry)) MM_ASSERT(!"a leaf of no entries is refused by its count");
    leaf_open = true;
  }
  void next_entry() {
    ++entries_passed;
    if (leaf.next(entry)) return;
    leaf_open = false;
    path.advance();
  }
  void leave_leaf() noexcept { leaf_open = false; }

  ChunkSource& source;
  TreePath<NodeChild> path;
  Bytes buffer;
  LeafReader leaf;  ///< reads leaf_bytes, the leaf that is the path's item
  Bytes leaf_bytes;
  bool leaf_open = false;
  std::uint64_t entries_passed = 0;
  Entry entry;
};

DirectoryCursor::DirectoryCursor(ChunkSource& source, const StreamRef& listing) : impl_(std::make_unique<Impl>(source, listing)) {}
DirectoryCursor::~DirectoryCursor() = default;
DirectoryCursor::DirectoryCursor(DirectoryCursor&&) noexcept = default;

bool DirectoryCursor::at_end() const noexcept { return impl_->path.at_end(); }

const Entry* DirectoryCursor::current() const {
  if (at_end()) return nullptr;
  if (!impl_->leaf_open) impl_->open_leaf();
  return &impl_->entry;
}

void DirectoryCursor::next() {
  MM_ASSERT(current() != nullptr);
  impl_->next_entry();
}

void DirectoryCursor::seek(std::string_view name) {
  Impl& impl = *impl_;
  auto& path = impl.path;
  const bool was_open = impl.leaf_open;
  const std::uint64_t old_leaf = path.offset();
  if (path.at_end()) path.restart();
  if (path.at_end()) return;  // an empty listing
  // Up to a chunk that must hold the place: one whose children begin at or before the name, and whose successor begins after it.
  const auto covers = [&] {
    const auto& children = path.siblings();
    if (name < children.front().first_name) return false;
    path.to_sibling(children.size() - 1);
    const std::string_view bound = impl.bound();
    return bound.empty() || name < bound;
  };
  while (!path.at_top() && !covers()) path.climb();
  for (;;) {
    const auto& children = path.siblings();
    const auto after = std::upper_bound(children.begin(), children.end(), name,
                                        [](std::string_view key, const NodeChild& child) { return key < child.first_name; });
    path.to_sibling(after == children.begin() ? 0 : static_cast<std::size_t>(after - children.begin()) - 1);
    // Its first entry is the answer: no need to look inside.
    if (!path.at_top() && name <= path.item().first_name) {
      impl.leave_leaf();
      return;
    }
    if (path.item_level() == 0) break;
    impl.leave_leaf();
    impl.open_node();
  }
  if (was_open && path.offset() == old_leaf) {
    impl.leaf_open = true;
    if (impl.entry.name > name) impl.start_leaf();
  } else {
    impl.open_leaf();
  }
  while (impl.leaf_open && impl.entry.name < name) impl.next_entry();
}

std::vector<DirectoryCursor::Subtree> DirectoryCursor::subtrees_here() const {
  std::vector<Subtree> result;
  const auto& path = impl_->path;
  if (path.at_end() || impl_->inside_leaf()) return result;
  for (int level = path.highest_start(); level >= path.item_level(); --level) {
    const auto at = static_cast<std::uint8_t>(level);
    const NodeChild& child = path.start_at(at);
    result.push_back({at, child.id, child.entry_count});
  }
  return result;
}

void DirectoryCursor::skip(const Subtree& subtree) {
  auto& path = impl_->path;
  MM_ASSERT(!path.at_end() && !impl_->inside_leaf() && subtree.level >= path.item_level() && subtree.level <= path.highest_start());
  MM_ASSERT(path.start_at(subtree.level).id == subtree.id);
  impl_->leave_leaf();
  path.skip_start(subtree.level);
}

void skip_shared(DirectoryCursor& a, DirectoryCursor& b) {
  auto& left = *a.impl_;
  auto& right = *b.impl_;
  while (!left.path.at_end() && !right.path.at_end()) {
    if (left.inside_leaf() || right.inside_leaf()) return;
    if (skip_highest_shared(left.path, right.path)) {
      left.leave_leaf();
      right.leave_leaf();
      continue;
    }
    const int left_level = left.path.item_level();
    const int right_level = right.path.item_level();
    if (left_level == 0 && right_level == 0) return;
    if (left_level >= right_level) left.open_node();
    if (right_level >= left_level) right.open_node();
  }
}

std::optional<Entry> find_entry(ChunkSource& source, const StreamRef& listing, std::string_view name) {
  DirectoryCursor cursor(source, listing);
  cursor.seek(name);
  const Entry* entry = cursor.current();
  if (entry == nullptr || entry->name != name) return std::nullopt;
  return *entry;
}

}  // namespace metamori
