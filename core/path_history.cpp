#include "core/path_history.hpp"

#include <algorithm>

#include "core/describe.hpp"
#include "core/diff.hpp"
#include "core/entry_changes.hpp"
#include "core/looking.hpp"
#include "core/paths.hpp"

namespace metamori {
namespace {

constexpr std::size_t kMaxLooked = 4096;

/// Of a directory, what is below counts as its content.
bool is_metadata_change(const Entry& before, const Entry& after) {
  return has_same_content(before, after) && before.content == after.content;
}

}  // namespace

PathHistory::PathHistory(Engine& engine, const std::vector<std::string>& paths, bool follow)
    : engine_(engine), paths_(checked_scope(paths)), follow_(follow), lineage_(engine.log->summaries(), true) {}

std::shared_ptr<PathHistory::Side> PathHistory::side_of(const Position& position) {
  if (position == remembered_.first && remembered_.second) return remembered_.second;
  const ChunkId root = get_checkpoint(engine_, position).content.root;
  if (remembered_.second && remembered_.second->root_id == root) return remembered_.second;
  return std::make_shared<Side>(Side{root, std::nullopt});
}

const Root& PathHistory::root_of(Side& side) {
  if (!side.root) side.root = get_root(*engine_.store, side.root_id);
  return *side.root;
}

std::optional<Entry> PathHistory::find_in(const StreamRef& listing, std::string_view name) {
  if (looked_.size() >= kMaxLooked) looked_.clear();
  const auto [place, is_new] = looked_.try_emplace({listing, std::string(name)});
  if (is_new) {
    try {
      place->second = find_entry(*engine_.store, listing, name);
    } catch (...) {
      looked_.erase(place);
      throw;
    }
  }
  return place->second;
}

std::optional<Entry> PathHistory::find(Side& side, std::string_view path) {
  std::optional<Entry> entry = root_of(side).top;
  while (entry && !path.empty()) {
    if (entry->type != EntryType::directory) return std::nullopt;
    const std::size_t length = std::min(path.find('/'), path.size());
    entry = find_in(entry->content, path.substr(0, length));
    path.remove_prefix(std::min(length + 1, path.size()));
  }
  return entry;
}

/// The name of `path` in the parent, where it or a directory above it was moved.
std::optional<std::string> PathHistory::moved_from(Side& before, Side& after, const std::string& path) {
  for (const Change& change : diff_roots(*engine_.store, root_of(before), root_of(after)))
    if (change.from && is_at_or_below(path, change.path)) return *change.from + path.substr(change.path.size());
  return std::nullopt;
}

void PathHistory::hand_down(const Position& parent, Names names) {
  Names& known = names_[parent.number];
  known.insert(known.end(), std::make_move_iterator(names.begin()), std::make_move_iterator(names.end()));
  known = checked_scope(known);
}

std::vector<PathChange> PathHistory::changes(const Position& checkpoint) {
  Names names = paths_;
  if (const auto told = names_.extract(checkpoint.number)) names = std::move(told.mapped());
  const std::size_t node = lineage_.find(checkpoint.number);
  const std::size_t above = node == Lineage::kNone ? Lineage::kNone : lineage_.parent(node);
  const Position parent = above == Lineage::kNone ? Position{} : lineage_.position(above);
  const auto after = side_of(checkpoint);
  const auto before = parent.number == 0 ? nullptr : side_of(parent);
  if (before) remembered_ = {parent, before};
  std::vector<PathChange> result;
  Names names_before;
  for (std::string& name : names) {
    const auto is_same_tree = before && before->root_id == after->root_id;
    const auto new_entry = is_same_tree ? std::nullopt : find(*after, name);
    const auto old_entry = is_same_tree || !before ? std::nullopt : find(*before, name);
    std::optional<std::string> from;
    if (new_entry && !old_entry) {
      if (follow_ && before) from = moved_from(*before, *after, name);
      result.push_back({name, from ? ChangeKind::renamed : ChangeKind::added, from});
    } else if (old_entry && !new_entry) {
      result.push_back({name, ChangeKind::removed, {}});
    } else if (old_entry != new_entry) {
      result.push_back({name, is_metadata_change(*old_entry, *new_entry) ? ChangeKind::metadata : ChangeKind::modified, {}});
    }
    names_before.push_back(from ? std::move(*from) : std::move(name));
  }
  if (parent.number != 0) hand_down(parent, std::move(names_before));
  return result;
}

}  // namespace metamori
