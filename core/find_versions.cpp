#include "core/find_versions.hpp"

#include <algorithm>

namespace metamori {

FindVersions::FindVersions(const Lineage& lineage) : lineage_(lineage), order_(lineage.preorder()) {
  for (std::size_t place = 1; place < order_.size(); ++place)
    if (order_[place] != order_[place - 1] + 1) breaks_.push_back(place);
}

void FindVersions::close_current(PathState& state, std::size_t place) {
  if (state.current != kNone && state.since < place) state.held[state.current].emplace_back(state.since, place - 1);
}

/// What the innermost open checkpoint changed no longer holds from `place` on.
void FindVersions::leave(std::size_t place) {
  const std::vector<Undo> undos = std::move(open_.back().undos);
  open_.pop_back();
  for (auto undo = undos.rbegin(); undo != undos.rend(); ++undo) {
    PathState& state = states_[undo->path];
    close_current(state, place);
    state.current = undo->version;
    state.since = place;
  }
}

void FindVersions::enter(std::size_t place) {
  const std::size_t node = order_[place];
  while (!open_.empty() && open_.back().node != lineage_.parent(node)) leave(place);
  open_.push_back({node, {}});
  place_ = place;
}

void FindVersions::change(const std::string& path, FoundVersion version) {
  const auto [known, is_new] = places_of_paths_.try_emplace(path, states_.size());
  if (is_new) states_.emplace_back().found.path = path;
  PathState& state = states_[known->second];
  open_.back().undos.push_back({known->second, state.current});
  close_current(state, place_);
  state.current = version.kind == ChangeKind::removed ? kNone : state.held.size();
  state.since = place_;
  state.found.versions.push_back(std::move(version));
  state.held.emplace_back();
}

std::vector<NumberRange> FindVersions::ranges(const std::vector<Stretch>& stretches) const {
  std::vector<Stretch> nodes;
  for (const auto& [first, last] : stretches) {
    std::size_t from = first;
    for (auto at = std::upper_bound(breaks_.begin(), breaks_.end(), first); at != breaks_.end() && *at <= last; ++at) {
      nodes.emplace_back(order_[from], order_[*at - 1]);
      from = *at;
    }
    nodes.emplace_back(order_[from], order_[last]);
  }
  std::sort(nodes.begin(), nodes.end());
  std::vector<NumberRange> result;
  std::size_t end = kNone;
  for (const auto& [first, last] : nodes) {
    if (end != kNone && first == end + 1) {
      result.back().last = lineage_.position(last).number;
    } else {
      result.push_back({lineage_.position(first).number, lineage_.position(last).number});
    }
    end = last;
  }
  return result;
}

std::vector<FoundPath> FindVersions::finish() {
  while (!open_.empty()) leave(order_.size());
  std::vector<FoundPath> result;
  for (PathState& state : states_) {
    for (std::size_t i = 0; i < state.held.size(); ++i) state.found.versions[i].held_by = ranges(state.held[i]);
    std::sort(state.found.versions.begin(), state.found.versions.end(),
              [](const FoundVersion& a, const FoundVersion& b) { return a.number < b.number; });
    result.push_back(std::move(state.found));
  }
  std::sort(result.begin(), result.end(), [](const FoundPath& a, const FoundPath& b) { return a.path < b.path; });
  return result;
}

}  // namespace metamori
