#pragma once

// One step down from a chunk that holds ids of others: shared by the walks that differ in what they keep of a node (core/node_walk.cpp,
// core/verify_closure.cpp). A `Node` has level, is_top, id, span, first_name and bound as WalkNode has; whatever else it has is the
// parent's.

#include <vector>

#include "objects/directory_leaf.hpp"
#include "objects/stream_list.hpp"

namespace metamori {

/// Calls `take(node)` for each node of the level below that `chunk`, a listing's node above its leaves, names. Throws corrupt.
template <class Node, class Take>
void take_listing_nodes(const Node& parent, ByteView chunk, Take take) {
  std::vector<NodeChild> children;
  decode_node(chunk, {parent.first_name, parent.span, parent.id}, parent.is_top, parent.bound, children);
  for (std::size_t i = 0; i < children.size(); ++i) {
    Node node = parent;
    node.level = static_cast<std::uint8_t>(parent.level - 1);
    node.is_top = false;
    node.id = children[i].id;
    node.span = children[i].entry_count;
    node.first_name = children[i].first_name;
    node.bound = i + 1 < children.size() ? children[i + 1].first_name : parent.bound;
    take(std::move(node));
  }
}

/// Calls `take_data(extent)` for each data chunk, or `take(node)` for each list of the level below, that `chunk`, a list, names. Holes are
/// passed over. Throws corrupt.
template <class Node, class TakeData, class Take>
void take_list_items(const Node& parent, ByteView chunk, TakeData take_data, Take take) {
  std::vector<Extent> items;
  decode_list(chunk, parent.id, parent.level, parent.span, parent.is_top, items);
  for (const Extent& item : items) {
    if (item.is_hole()) continue;
    if (parent.level == 1) {
      take_data(item);
      continue;
    }
    Node node = parent;
    node.level = static_cast<std::uint8_t>(parent.level - 1);
    node.is_top = false;
    node.id = item.id;
    node.span = item.length;
    take(std::move(node));
  }
}

}  // namespace metamori
