#include "objects/git/graph.hpp"

#include <algorithm>
#include <queue>
#include <unordered_set>

#include "metamori/error.hpp"

namespace metamori {

const RecordSummary& Graph::get(const Position& position) const {
  // Without gaps, number n stands at n - 1.
  if (position.number - 1 < all_.size() && all_[position.number - 1].number == position.number) return all_[position.number - 1];
  const auto found =
      std::lower_bound(all_.begin(), all_.end(), position.number, [](const RecordSummary& s, std::uint64_t n) { return s.number < n; });
  if (found != all_.end() && found->number == position.number) return *found;
  if (position.number == 0) throw Error(ErrorKind::bad_revision, "checkpoint " + to_hex(position.id) + " is not in this repository");
  try {
    log_.get(position.number);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::bad_revision) throw;
  }
  throw Error(ErrorKind::corrupt, "record " + std::to_string(position.number) + " (" + to_hex(position.id) + ") is missing");
}

std::optional<Position> Graph::live_parent(const Position& position, std::uint64_t n) const {
  const RecordSummary* record = &get(position);
  for (;;) {
    if (n == 0 || n > record->parents.size()) return std::nullopt;
    const Position parent = record->parents[static_cast<std::size_t>(n - 1)];
    record = &get(parent);
    if (record->kind != RecordKind::tombstone) return parent;
    n = 1;
  }
}

void Graph::visit(const std::vector<Position>& from, const std::function<bool(const RecordSummary&)>& visit) const {
  std::priority_queue<std::uint64_t> open;
  std::unordered_set<std::uint64_t> seen;
  const auto push = [&](const Position& position) {
    if (position.number != 0 && seen.insert(position.number).second) open.push(position.number);
  };
  for (const Position& start : from) push(start);
  while (!open.empty()) {
    const RecordSummary& record = get({open.top(), {}});
    open.pop();
    if (!visit(record)) return;
    for (const Position& parent : record.parents) push(parent);
  }
}

bool Graph::is_ancestor(const Position& ancestor, const Position& descendant) const {
  bool found = false;
  visit({descendant}, [&](const RecordSummary& record) {
    found = record.number == ancestor.number && record.id == ancestor.id;
    return !found && record.number > ancestor.number;
  });
  return found;
}

}  // namespace metamori
