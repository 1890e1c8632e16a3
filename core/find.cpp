// Paths by pattern through all checkpoints. Each is compared with the one before, so that what both have in common is never looked at: the
// cost is that of the changes.

#include <algorithm>

#include "core/chunk_cache.hpp"
#include "core/describe.hpp"
#include "core/entry_changes.hpp"
#include "core/find_versions.hpp"
#include "core/look_meter.hpp"
#include "core/looking.hpp"
#include "core/pattern.hpp"
#include "core/safe_path.hpp"
#include "core/tree_diff.hpp"

namespace metamori {
namespace {

constexpr std::size_t kCacheBytes = 32 << 20;

PatternList patterns_of(const FindOptions& options) {
  std::string text;
  for (const std::string& pattern : options.patterns) {
    if (!Pattern::parse(pattern) || pattern.find('\n') != std::string::npos)
      throw Error(ErrorKind::usage, quoted(pattern) + " is no pattern that could match", "patterns are written as in gitignore");
    text += pattern + '\n';
  }
  if (text.empty()) throw Error(ErrorKind::usage, "no pattern to look for");
  return PatternList::parse(text);
}

class Finder {
 public:
  Finder(Engine& engine, const FindOptions& options)
      : engine_(engine),
        patterns_(patterns_of(options)),
        damaged_(engine.log->damaged()),
        lineage_(engine.log->summaries(), options.all),
        versions_(lineage_),
        source_(*engine.store, kCacheBytes),
        meter_(engine.system, options.control, lineage_.size()),
        roots_(lineage_.size()) {}

  FindReport run() {
    FindReport report;
    report.damaged = std::move(damaged_);
    for (std::size_t place = 0; place < versions_.order().size(); ++place) {
      versions_.enter(place);
      if (!look_at(versions_.order()[place])) report.damaged.push_back(lineage_.position(versions_.order()[place]).number);
      meter_.step();
    }
    std::sort(report.damaged.begin(), report.damaged.end());
    report.checkpoints = lineage_.size();
    report.paths = versions_.finish();
    return report;
  }

 private:
  /// False if it is damaged; then those that descend from it are compared with what it was compared with.
  bool look_at(std::size_t node) {
    const std::size_t parent = lineage_.parent(node);
    const std::optional<ChunkId> before = parent == Lineage::kNone ? std::nullopt : roots_[parent];
    roots_[node] = before;
    std::vector<std::pair<std::string, FoundVersion>> changes;
    try {
      const ChunkId after = get_checkpoint(engine_, lineage_.position(node)).content.root;
      if (after != before) compare(node, before, after, changes);
      roots_[node] = after;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::corrupt) throw;
      return false;
    }
    for (auto& [path, version] : changes) versions_.change(path, std::move(version));
    return true;
  }

  void compare(std::size_t node, const std::optional<ChunkId>& before, const ChunkId& after,
               std::vector<std::pair<std::string, FoundVersion>>& changes) {
    const Root new_root = get_root(source_, after);
    std::optional<Root> old_root;
    if (before) old_root = get_root(source_, *before);
    diff_entries(
        source_, {}, old_root ? &old_root->top : nullptr, &new_root.top,
        [&](const std::string& path, const Entry* old_entry, const Entry* new_entry) {
          meter_.check_stop();
          if (is_wanted(path, old_entry, new_entry)) changes.emplace_back(path, version(node, old_entry, new_entry));
        },
        [&](const std::string& directory) { return could_match_below(directory); });
  }

  bool is_wanted(const std::string& path, const Entry* before, const Entry* after) const {
    if (path.empty()) return false;
    if (before != nullptr && after != nullptr && differ_in_time_only(*before, *after)) return false;
    const bool is_directory = (after != nullptr ? after : before)->type == EntryType::directory;
    const auto match = patterns_.find(path, name_of(path), is_directory);
    return match && !match->is_negated;
  }

  bool could_match_below(const std::string& directory) const {
    const auto& patterns = patterns_.patterns();
    return directory.empty() || std::any_of(patterns.begin(), patterns.end(), [&](const Pattern& pattern) {
             return !pattern.is_negated() && pattern.could_match_below(directory);
           });
  }

  FoundVersion version(std::size_t node, const Entry* before, const Entry* after) const {
    FoundVersion found;
    found.number = lineage_.position(node).number;
    found.id = lineage_.position(node).id;
    found.time = {lineage_.time_seconds(node), 0};
    found.type = static_cast<NodeType>((after != nullptr ? after : before)->type);
    if (after != nullptr && after->type == EntryType::file) found.size_bytes = after->size_bytes();
    if (before == nullptr) {
      found.kind = ChangeKind::added;
    } else if (after == nullptr) {
      found.kind = ChangeKind::removed;
    } else {
      found.kind = has_same_content(*before, *after) ? ChangeKind::metadata : ChangeKind::modified;
    }
    return found;
  }

  Engine& engine_;
  PatternList patterns_;
  std::vector<std::uint64_t> damaged_;
  Lineage lineage_;
  FindVersions versions_;
  ChunkCache source_;
  LookMeter meter_;
  std::vector<std::optional<ChunkId>> roots_;  ///< that a checkpoint, or if it is damaged, the one before, has
};

}  // namespace

FindReport find(Engine& engine, const FindOptions& options) { return Finder(engine, options).run(); }

}  // namespace metamori
