#include "core/lineage.hpp"

#include <algorithm>
#include <unordered_map>

namespace metamori {

Lineage::Lineage(const std::vector<RecordSummary>& records, bool safety) {
  // Of each record, also one that is left out: the node it is, or the one that it stands below.
  std::unordered_map<std::uint64_t, std::size_t> nearest;
  for (const RecordSummary& record : records) {
    if (record.kind == RecordKind::move) continue;
    std::size_t parent = kNone;
    if (!record.parents.empty())
      if (const auto found = nearest.find(record.parents.front().number); found != nearest.end()) parent = found->second;
    const bool is_taken = record.kind == RecordKind::checkpoint || (safety && record.kind == RecordKind::safety);
    if (is_taken) nodes_.push_back({{record.number, record.id}, record.time_seconds, parent});
    nearest[record.number] = is_taken ? nodes_.size() - 1 : parent;
  }
}

std::size_t Lineage::find(std::uint64_t number) const noexcept {
  const auto found =
      std::lower_bound(nodes_.begin(), nodes_.end(), number, [](const Node& node, std::uint64_t n) { return node.position.number < n; });
  return found != nodes_.end() && found->position.number == number ? static_cast<std::size_t>(found - nodes_.begin()) : kNone;
}

std::vector<std::size_t> Lineage::preorder() const {
  std::vector<std::size_t> first_child(nodes_.size(), kNone);
  std::vector<std::size_t> next_sibling(nodes_.size(), kNone);
  std::size_t first_top = kNone;
  for (std::size_t i = nodes_.size(); i-- > 0;) {
    std::size_t& head = nodes_[i].parent == kNone ? first_top : first_child[nodes_[i].parent];
    next_sibling[i] = head;
    head = i;
  }
  std::vector<std::size_t> order;
  order.reserve(nodes_.size());
  std::vector<std::size_t> open;
  if (first_top != kNone) open.push_back(first_top);
  while (!open.empty()) {
    const std::size_t at = open.back();
    open.pop_back();
    order.push_back(at);
    if (next_sibling[at] != kNone) open.push_back(next_sibling[at]);
    if (first_child[at] != kNone) open.push_back(first_child[at]);
  }
  return order;
}

}  // namespace metamori
