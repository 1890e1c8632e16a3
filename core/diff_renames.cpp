#include "core/diff_renames.hpp"

#include <map>
#include <string_view>
#include <tuple>

#include "core/paths.hpp"

namespace metamori {
namespace {

using Key = std::pair<NodeType, StreamRef>;

std::string_view name_of(std::string_view path) { return path.substr(path.find_last_of('/') + 1); }

/// What was removed and waits for its new place.
class Removed {
 public:
  explicit Removed(const std::vector<Candidate>& candidates) : candidates_(candidates), is_gone_(candidates.size()) {
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      const Candidate& candidate = candidates[i];
      if (candidate.change.kind != ChangeKind::removed || candidate.content.length == 0) continue;
      by_name_[{candidate.change.type, candidate.content, std::string(name_of(candidate.change.path))}].push_back(i);
      by_content_[{candidate.change.type, candidate.content}].push_back(i);
    }
  }

  /// Index of the best partner of an added one, or `npos`.
  std::size_t take(const Candidate& added) {
    const std::size_t same_name = first_left(by_name_, {added.change.type, added.content, std::string(name_of(added.change.path))});
    return same_name != npos ? same_name : first_left(by_content_, {added.change.type, added.content});
  }
  /// `index`, and what lies below it, are not to be taken any more.
  void drop_with_below(std::size_t index) {
    const std::string& path = candidates_[index].change.path;
    for (std::size_t i = index; i < candidates_.size() && is_at_or_below(candidates_[i].change.path, path); ++i)
      if (candidates_[i].change.kind == ChangeKind::removed) is_gone_[i] = true;
  }
  [[nodiscard]] bool is_gone(std::size_t index) const { return is_gone_[index]; }

  static constexpr auto npos = static_cast<std::size_t>(-1);

 private:
  template <class Map>
  std::size_t first_left(Map& map, const typename Map::key_type& key) {
    const auto found = map.find(key);
    if (found == map.end()) return npos;
    auto& [next, indexes] = found->second;
    while (next < indexes.size() && is_gone_[indexes[next]]) ++next;
    return next < indexes.size() ? indexes[next] : npos;
  }
  /// Candidates in the order of the walk, of which those before `next` are used up.
  struct Row {
    std::size_t next = 0;
    std::vector<std::size_t> indexes;
    void push_back(std::size_t index) { indexes.push_back(index); }
  };

  const std::vector<Candidate>& candidates_;
  std::vector<bool> is_gone_;
  std::map<std::tuple<NodeType, StreamRef, std::string>, Row> by_name_;
  std::map<std::tuple<NodeType, StreamRef>, Row> by_content_;
};

}  // namespace

void join_renames(std::vector<Candidate>& candidates) {
  Removed removed(candidates);
  std::vector<bool> is_below_moved(candidates.size());
  struct Pair {
    std::size_t added, removed;
  };
  std::vector<Pair> pairs;
  // Directories come before what is below them, so that the largest thing that moved is found first.
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const Candidate& added = candidates[i];
    if (added.change.kind != ChangeKind::added || added.content.length == 0 || is_below_moved[i]) continue;
    const std::size_t partner = removed.take(added);
    if (partner == Removed::npos) continue;
    removed.drop_with_below(partner);
    pairs.push_back({i, partner});
    for (std::size_t j = i + 1; j < candidates.size() && is_at_or_below(candidates[j].change.path, added.change.path); ++j)
      is_below_moved[j] = true;
  }
  for (const Pair& pair : pairs) {
    Change& change = candidates[pair.added].change;
    const Change& before = candidates[pair.removed].change;
    change.kind = ChangeKind::renamed;
    change.from = before.path;
    change.size_before = before.size_before;
    change.bytes_changed = 0;
  }
  std::vector<Candidate> left;
  for (std::size_t i = 0; i < candidates.size(); ++i)
    if (!removed.is_gone(i) && !is_below_moved[i]) left.push_back(std::move(candidates[i]));
  candidates = std::move(left);
}

}  // namespace metamori
