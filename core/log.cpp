#include <algorithm>
#include <limits>
#include <unordered_map>
#include <unordered_set>

#include "core/describe.hpp"
#include "core/looking.hpp"
#include "objects/directory.hpp"

namespace metamori {
namespace {

constexpr std::size_t kUnlimited = std::numeric_limits<std::size_t>::max();

/// Whether a checkpoint changed one of some paths, compared with its first parent that was not forgotten.
class PathFilter {
 public:
  PathFilter(Engine& engine, const std::vector<std::string>& paths) : engine_(engine), paths_(checked_scope(paths)) {}

  bool matches(const Position& checkpoint) {
    const Nodes after = nodes_of(checkpoint);
    const Position parent = first_living_parent(checkpoint);
    const Nodes before = parent.number == 0 ? Nodes{{}, std::vector<std::optional<Entry>>(paths_.size())} : nodes_of(parent);
    remembered_ = {parent, before};
    return (parent.number == 0 || before.root != after.root) && before.entries != after.entries;
  }

 private:
  struct Nodes {
    ChunkId root;
    std::vector<std::optional<Entry>> entries;  ///< one a path
  };

  Nodes nodes_of(const Position& position) {
    if (position.number != 0 && position == remembered_.first) return remembered_.second;
    Nodes nodes;
    nodes.root = get_checkpoint(engine_, position).content.root;
    if (nodes.root == remembered_.second.root) return remembered_.second;
    const Root root = get_root(*engine_.store, nodes.root);
    for (const std::string& path : paths_) nodes.entries.push_back(find_path(*engine_.store, root, path));
    return nodes;
  }

  Position first_living_parent(const Position& checkpoint) {
    if (ancestry_.empty())
      for (const RecordSummary& summary : engine_.log->summaries())
        ancestry_[summary.number] = {summary.kind, summary.parents.empty() ? Position{} : summary.parents.front()};
    Position at = checkpoint;
    do {
      at = ancestry_[at.number].parent;
    } while (at.number != 0 && ancestry_[at.number].kind == RecordKind::tombstone);
    return at;
  }

  struct Ancestry {
    RecordKind kind = RecordKind::checkpoint;
    Position parent;
  };

  Engine& engine_;
  std::vector<std::string> paths_;
  std::unordered_map<std::uint64_t, Ancestry> ancestry_;
  std::pair<Position, Nodes> remembered_;  ///< the parent looked at last, which a walk mostly asks for next
};

/// Every checkpoint of every line, and the safety ones, newest first.
std::vector<Position> all_checkpoints(Engine& engine) {
  std::vector<Position> result;
  const std::vector<RecordSummary>& all = engine.log->summaries();
  for (auto record = all.rbegin(); record != all.rend(); ++record)
    if (record->kind == RecordKind::checkpoint || record->kind == RecordKind::safety) result.push_back({record->number, record->id});
  return result;
}

/// `A..B`: what B has and A has not. An end left out is HEAD.
std::vector<Position> checkpoints_between(Engine& engine, std::string_view range, std::size_t dots) {
  const auto end = [&](std::string_view text) { return engine.history->resolve(text.empty() ? "HEAD" : text); };
  const Position without = end(range.substr(0, dots));
  std::vector<Position> result = engine.history->walk({end(range.substr(dots + 2))}, kUnlimited);
  std::unordered_set<std::uint64_t> excluded;
  for (const Position& position : engine.history->walk({without}, kUnlimited)) excluded.insert(position.number);
  std::erase_if(result, [&](const Position& position) { return excluded.contains(position.number); });
  return result;
}

bool has_all(const Metadata& metadata, const Metadata& wanted) {
  return std::all_of(wanted.begin(), wanted.end(),
                     [&](const auto& pair) { return std::find(metadata.begin(), metadata.end(), pair) != metadata.end(); });
}

bool is_range(std::string_view from) { return from.find("..") != std::string_view::npos && !from.starts_with(":/"); }

std::vector<Position> candidates(Engine& engine, const LogOptions& options, bool filtered) {
  if (options.all) return all_checkpoints(engine);
  if (options.from == "HEAD" && engine.log->highest() == 0) return {};  // a new repository has an empty log, not an error
  if (is_range(options.from)) return checkpoints_between(engine, options.from, options.from.find(".."));
  const std::size_t limit = filtered || options.limit == 0 ? kUnlimited : static_cast<std::size_t>(options.limit);
  return engine.history->walk({engine.history->resolve(options.from)}, limit);
}

}  // namespace

std::vector<CheckpointInfo> list_log(Engine& engine, const LogOptions& options) {
  const bool filtered = !options.paths.empty() || options.since_seconds || options.until_seconds || !options.metadata.empty();
  std::vector<CheckpointInfo> result;
  const std::vector<Position> positions = candidates(engine, options, filtered);
  if (positions.empty()) return result;
  Describer describer(engine);
  std::optional<PathFilter> paths;
  if (!options.paths.empty()) paths.emplace(engine, options.paths);
  for (const Position& position : positions) {
    if (options.limit != 0 && result.size() >= options.limit) break;
    if (filtered) {
      const DecodedCheckpoint checkpoint = get_checkpoint(engine, position);
      const std::int64_t seconds = checkpoint.commit.committer.seconds;
      if (options.since_seconds && seconds < *options.since_seconds) continue;
      if (options.until_seconds && seconds > *options.until_seconds) continue;
      if (!options.metadata.empty() && !has_all(split_trailers(checkpoint.commit.message).trailers, options.metadata)) continue;
      if (paths && !paths->matches(position)) continue;
    }
    result.push_back(describer.describe(position, options.details));
  }
  return result;
}

}  // namespace metamori
