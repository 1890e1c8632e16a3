#include <algorithm>
#include <limits>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "core/describe.hpp"
#include "core/looking.hpp"
#include "core/path_history.hpp"

namespace metamori {
namespace {

constexpr std::size_t kUnlimited = std::numeric_limits<std::size_t>::max();

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

/// Where the two dots of a range stand: not in `:/a..b`, `HEAD^{/a..b}` or `@{a..b}`.
std::size_t range_dots(std::string_view from) {
  if (from.starts_with(":/")) return std::string_view::npos;
  bool in_braces = false;
  for (std::size_t i = 0; i + 1 < from.size(); ++i) {
    if (from[i] == '{') in_braces = true;
    if (from[i] == '}') in_braces = false;
    if (!in_braces && from[i] == '.' && from[i + 1] == '.') return i;
  }
  return std::string_view::npos;
}

std::vector<Position> candidates(Engine& engine, const LogOptions& options, bool filtered) {
  if (options.all) return all_checkpoints(engine);
  // A new repository has an empty log, not an error; one into which checkpoints were only copied has no HEAD.
  if (options.from == "HEAD" && engine.log->head().number == 0) return all_checkpoints(engine);
  if (const std::size_t dots = range_dots(options.from); dots != std::string_view::npos)
    return checkpoints_between(engine, options.from, dots);
  const std::size_t limit = filtered || options.limit == 0 ? kUnlimited : static_cast<std::size_t>(options.limit);
  return engine.history->walk({engine.history->resolve(options.from)}, limit);
}

/// Decides which candidates the log lists; they must come by falling number.
class Selection {
 public:
  Selection(Engine& engine, const LogOptions& options) : engine_(engine), options_(options) {
    if (!options.paths.empty()) paths_.emplace(engine, options.paths, options.follow);
    if (options.since_seconds || options.until_seconds)
      for (const RecordSummary& summary : engine.log->summaries()) times_[summary.number] = summary.time_seconds;
  }
  [[nodiscard]] static bool is_needed(const LogOptions& options) {
    return !options.paths.empty() || options.since_seconds || options.until_seconds || !options.metadata.empty();
  }
  /// Nothing: not listed. Else what it did to the paths asked for.
  std::optional<std::vector<PathChange>> take(const Position& position) {
    std::vector<PathChange> changes;
    if (paths_) {
      // Also of one that is left out for another reason: its parent is to know the names.
      changes = paths_->changes(position);
      if (changes.empty()) return std::nullopt;
    }
    if (options_.since_seconds && times_[position.number] < *options_.since_seconds) return std::nullopt;
    if (options_.until_seconds && times_[position.number] > *options_.until_seconds) return std::nullopt;
    if (!options_.metadata.empty() &&
        !has_all(split_trailers(get_checkpoint(engine_, position).commit.message).trailers, options_.metadata))
      return std::nullopt;
    return changes;
  }

 private:
  Engine& engine_;
  const LogOptions& options_;
  std::optional<PathHistory> paths_;
  std::unordered_map<std::uint64_t, std::int64_t> times_;
};

/// The nearest ancestors among some checkpoints.
class Ancestry {
 public:
  /// `listed`: by falling number. `goes_on`: more of them may lie below the lowest.
  Ancestry(Engine& engine, const std::vector<Position>& listed, bool goes_on) : goes_on_(goes_on) {
    for (const Position& position : listed) listed_.insert(position.number);
    if (!listed.empty()) lowest_ = listed.back().number;
    for (const RecordSummary& summary : engine.log->summaries())
      for (const Position& parent : summary.parents) parents_[summary.number].push_back(parent.number);
  }

  std::vector<std::uint64_t> nearest(std::uint64_t number) {
    std::set<std::uint64_t> found;
    std::set<std::uint64_t> seen;
    std::vector<std::uint64_t> open = parents_[number];
    while (!open.empty()) {
      const std::uint64_t at = open.back();
      open.pop_back();
      if (at == 0 || !seen.insert(at).second) continue;
      if (listed_.contains(at) || (at < lowest_ && goes_on_)) {
        found.insert(at);
      } else if (at > lowest_) {
        open.insert(open.end(), parents_[at].begin(), parents_[at].end());
      }
    }
    return {found.begin(), found.end()};
  }

 private:
  bool goes_on_;
  std::uint64_t lowest_ = 0;
  std::unordered_set<std::uint64_t> listed_;
  std::unordered_map<std::uint64_t, std::vector<std::uint64_t>> parents_;
};

/// Looks through everything first, so that each entry can tell which others come before it.
void visit_with_ancestry(Engine& engine, const LogOptions& options, const std::function<bool(const LogEntry&)>& visit) {
  Selection selection(engine, options);
  std::vector<Position> listed;
  std::vector<std::vector<PathChange>> changes;
  bool goes_on = false;
  for (const Position& position : candidates(engine, options, true)) {
    goes_on = options.limit != 0 && listed.size() >= options.limit;
    if (goes_on) break;
    auto taken = selection.take(position);
    if (!taken) continue;
    listed.push_back(position);
    changes.push_back(std::move(*taken));
  }
  if (listed.empty()) return;
  Describer describer(engine);
  Ancestry ancestry(engine, listed, goes_on);
  for (std::size_t i = 0; i < listed.size(); ++i)
    if (!visit({describer.describe(listed[i], options.details), std::move(changes[i]), ancestry.nearest(listed[i].number)})) return;
}

}  // namespace

void visit_log(Engine& engine, const LogOptions& options, const std::function<bool(const LogEntry&)>& visit) {
  engine.log->summaries();
  engine.log->keep_summaries();
  if (options.all) engine.log->damaged();  // they are passed over
  if (options.ancestry) return visit_with_ancestry(engine, options, visit);
  const std::vector<Position> positions = candidates(engine, options, Selection::is_needed(options));
  if (positions.empty()) return;
  Selection selection(engine, options);
  Describer describer(engine);
  std::uint64_t count = 0;
  for (const Position& position : positions) {
    if (options.limit != 0 && count == options.limit) return;
    auto changes = selection.take(position);
    if (!changes) continue;
    ++count;
    if (!visit({describer.describe(position, options.details), std::move(*changes), {}})) return;
  }
}

std::vector<CheckpointInfo> list_log(Engine& engine, const LogOptions& options) {
  std::vector<CheckpointInfo> result;
  visit_log(engine, options, [&](const LogEntry& entry) {
    result.push_back(entry.checkpoint);
    return true;
  });
  return result;
}

}  // namespace metamori
