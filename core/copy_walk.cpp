#include "core/copy_walk.hpp"

#include <algorithm>
#include <optional>

#include "core/node_children.hpp"

namespace metamori {
namespace {

constexpr std::size_t kWalkedMax = 256U << 10;  ///< nodes remembered; then it begins anew

/// The same bytes may stand for nodes of several kinds and levels.
ChunkId marked(NodeKind kind, std::uint8_t level, ChunkId id) {
  id.bytes[0] ^= static_cast<std::byte>((static_cast<unsigned>(kind) << 4U) | level);
  return id;
}

WalkNode top_node(NodeKind kind, const StreamRef& ref) {
  WalkNode node;
  node.kind = kind;
  node.level = ref.level;
  node.id = ref.id;
  node.span = ref.length;
  return node;
}

bool has_listing(const Entry& entry) { return entry.type == EntryType::directory && !entry.content_unknown; }
StreamRef listing_of(const Entry* entry) { return entry != nullptr && has_listing(*entry) ? entry->content : StreamRef{}; }
StreamRef content_of(const Entry* entry) {
  return entry != nullptr && entry->type == EntryType::file && !entry->content_unknown ? entry->content : StreamRef{};
}
StreamRef attributes_of(const Entry* entry) { return entry != nullptr && entry->attribute_stream ? *entry->attribute_stream : StreamRef{}; }

/// Whether there may be nodes below that differ from an older entry's, so that it is worth looking for that one.
bool has_nodes(const Entry& entry) {
  return listing_of(&entry).length > 0 || content_of(&entry).level > 0 || attributes_of(&entry).level > 0;
}

}  // namespace

void CopyWalk::walk_root(const ChunkId& root, const ChunkId* base) {
  if (base != nullptr && root == *base) return;
  want(root);
  const Root now = get_root(source_, root);
  if (base != nullptr) {
    const Root before = get_root(there_, *base);
    add_stream(now.links, before.links);
    add_entry(now.top, &before.top);
  } else {
    add_stream(now.links, {});
    add_entry(now.top, nullptr);
  }
  run();
}

void CopyWalk::walk_stream(const StreamRef& stream) {
  add_stream(stream, {});
  run();
}

void CopyWalk::add_entry(const Entry& entry, const Entry* base) {
  add_stream(attributes_of(&entry), attributes_of(base));
  add_stream(content_of(&entry), content_of(base));
  const StreamRef listing = listing_of(&entry);
  const StreamRef before = listing_of(base);
  if (listing.length > 0 && listing != before) add_top(NodeKind::listing, listing, before);
}

void CopyWalk::add_stream(const StreamRef& stream, const StreamRef& base) {
  if (stream.length == 0 || stream == base) return;
  if (stream.level == 0) {
    want(stream.id);
  } else {
    add_top(NodeKind::list, stream, base);
  }
}

void CopyWalk::add_top(NodeKind kind, const StreamRef& ref, const StreamRef& base) {
  auto older = std::make_shared<Base>();
  older->ref = base;
  open_.push_back({top_node(kind, ref), std::move(older)});
}

void CopyWalk::run() {
  while (!open_.empty()) {
    if (check_stop) check_stop();
    const Step step = std::move(open_.back());
    open_.pop_back();
    if (!step.base->is_read) read_base(step.node.kind, *step.base);
    const ChunkId key = marked(step.node.kind, step.node.level, step.node.id);
    if (step.base->nodes.contains(key)) continue;
    if (walked_.size() >= kWalkedMax) walked_.clear();
    if (!walked_.insert(key).second) continue;
    want(step.node.id);
    const auto before = static_cast<std::ptrdiff_t>(open_.size());
    open(step);
    std::reverse(open_.begin() + before, open_.end());  // the first is to be next
  }
}

/// Reads those that hold nodes: the leaves of a listing, and lists that name data, are known by their ids.
void CopyWalk::read_base(NodeKind kind, Base& base) {
  base.is_read = true;
  const std::uint8_t lowest = kind == NodeKind::listing ? 0 : 1;
  if (base.ref.length == 0 || base.ref.level < lowest) return;
  std::vector<WalkNode> nodes{top_node(kind, base.ref)};
  while (!nodes.empty()) {
    if (check_stop) check_stop();
    const WalkNode node = std::move(nodes.back());
    nodes.pop_back();
    if (!base.nodes.insert(marked(kind, node.level, node.id)).second || node.level == lowest) continue;
    there_.read(node.id, chunk_);
    const auto take = [&](WalkNode below) { nodes.push_back(std::move(below)); };
    if (kind == NodeKind::listing) {
      take_listing_nodes(node, chunk_, take);
    } else {
      take_list_items(
          node, chunk_, [](const Extent&) {}, take);
    }
  }
}

void CopyWalk::open(const Step& step) {
  source_.read(step.node.id, chunk_);
  const auto take = [&](WalkNode below) { open_.push_back({std::move(below), step.base}); };
  if (step.node.kind == NodeKind::list) {
    take_list_items(
        step.node, chunk_, [&](const Extent& data) { want(data.id); }, take);
  } else if (step.node.level > 0) {
    take_listing_nodes(step.node, chunk_, take);
  } else {
    open_leaf(step);
  }
}

/// The leaf's bytes are in `chunk_`, which nothing here writes to.
void CopyWalk::open_leaf(const Step& step) {
  LeafReader reader;
  reader.open(chunk_, step.node.id, step.node.span, step.node.first_name, step.node.bound);
  std::optional<DirectoryCursor> older;
  if (step.base->ref.length > 0) older.emplace(there_, step.base->ref);
  Entry entry;
  while (reader.next(entry)) {
    const Entry* before = nullptr;
    if (older && has_nodes(entry)) {
      older->seek(entry.name);
      before = older->current();
      if (before != nullptr && before->name != entry.name) before = nullptr;
    }
    add_entry(entry, before);
  }
}

}  // namespace metamori
