#include "core/node_walk.hpp"

#include <algorithm>
#include <vector>

#include "core/node_children.hpp"

namespace metamori {
namespace {

class Walk {
 public:
  Walk(ChunkSource& source, NodeVisitor& visitor) : source_(source), visitor_(visitor) {}

  void add_root(const ChunkId& root, std::uint32_t tag) {
    WalkNode node;
    node.id = root;
    node.tag = tag;
    open_.push_back(std::move(node));
  }

  void add_stream(const StreamRef& ref, bool is_content, std::uint32_t tag) {
    if (ref.length == 0) return;
    if (ref.level == 0) {
      visitor_.chunk(ref.id, is_content, tag);
      return;
    }
    WalkNode node;
    node.kind = NodeKind::list;
    node.level = ref.level;
    node.is_content = is_content;
    node.id = ref.id;
    node.span = ref.length;
    node.tag = tag;
    open_.push_back(std::move(node));
  }

  void add_entry(const Entry& entry, std::uint32_t tag) {
    if (entry.attribute_stream) add_stream(*entry.attribute_stream, false, tag);
    if (entry.content_unknown) return;
    if (entry.type == EntryType::file) add_stream(entry.content, true, tag);
    if (entry.type == EntryType::directory && entry.content.length > 0) {
      WalkNode node;
      node.kind = NodeKind::listing;
      node.level = entry.content.level;
      node.id = entry.content.id;
      node.span = entry.content.length;
      node.tag = tag;
      open_.push_back(std::move(node));
    }
  }

  void run() {
    while (!open_.empty()) {
      const WalkNode node = std::move(open_.back());
      open_.pop_back();
      if (!visitor_.enter(node)) continue;
      const auto before = static_cast<std::ptrdiff_t>(open_.size());
      if (node.kind == NodeKind::root) {
        open_root(node);
      } else if (node.kind == NodeKind::list) {
        open_list(node);
      } else if (node.level == 0) {
        open_leaf(node);
      } else {
        open_listing(node);
      }
      std::reverse(open_.begin() + before, open_.end());  // the first is to be next
    }
  }

 private:
  void open_root(const WalkNode& node) {
    const Root root = get_root(source_, node.id);
    add_stream(root.links, false, node.tag);
    add_entry(root.top, node.tag);
  }

  void open_leaf(const WalkNode& node) {
    source_.read(node.id, leaf_);
    LeafReader reader;
    reader.open(leaf_, node.id, node.span, node.first_name, node.bound);
    Entry entry;
    while (reader.next(entry)) add_entry(entry, visitor_.entry(entry, node.tag));
  }

  void open_listing(const WalkNode& parent) {
    source_.read(parent.id, chunk_);
    take_listing_nodes(parent, chunk_, [&](WalkNode node) { open_.push_back(std::move(node)); });
  }

  void open_list(const WalkNode& parent) {
    source_.read(parent.id, chunk_);
    take_list_items(
        parent, chunk_, [&](const Extent& data) { visitor_.chunk(data.id, parent.is_content, parent.tag); },
        [&](WalkNode node) { open_.push_back(std::move(node)); });
  }

  ChunkSource& source_;
  NodeVisitor& visitor_;
  std::vector<WalkNode> open_;
  Bytes leaf_, chunk_;
};

}  // namespace

void walk_root(ChunkSource& source, const ChunkId& root, std::uint32_t tag, NodeVisitor& visitor) {
  Walk walk(source, visitor);
  walk.add_root(root, tag);
  walk.run();
}

void walk_entry(ChunkSource& source, const Entry& entry, std::uint32_t tag, NodeVisitor& visitor) {
  Walk walk(source, visitor);
  walk.add_entry(entry, tag);
  walk.run();
}

void walk_stream(ChunkSource& source, const StreamRef& ref, std::uint32_t tag, NodeVisitor& visitor) {
  Walk walk(source, visitor);
  walk.add_stream(ref, false, tag);
  walk.run();
}

}  // namespace metamori
