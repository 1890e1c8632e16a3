// Differences as users see them: the raw differences of two trees, hard links, renames.

#include "core/diff.hpp"

#include <fcntl.h>

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include "core/capture.hpp"
#include "core/describe.hpp"
#include "core/diff_ranges.hpp"
#include "core/diff_renames.hpp"
#include "core/entry_changes.hpp"
#include "core/looking.hpp"
#include "core/paths.hpp"
#include "core/safe_path.hpp"
#include "core/scan.hpp"
#include "core/tree_diff.hpp"

namespace metamori {
namespace {

/// A tree to compare; before the first checkpoint there is none.
struct Side {
  std::optional<Root> root;
  std::optional<Entry> find(ChunkSource& source, const std::string& path) const {
    return root ? find_path(source, *root, path) : std::nullopt;
  }
};

bool is_known_file(const Entry& entry) noexcept { return entry.type == EntryType::file && !entry.content_unknown; }

/// Opens a file of the second side.
using OpenContent = std::function<ReadContent(const std::string& path)>;

class Comparison {
 public:
  /// `stop_check`: asked for each difference, if there is one. `open_after`: where the second side's content is, if not in `source`.
  Comparison(ChunkSource& source, const DiffOptions& options, const StopCheck* stop_check, OpenContent open_after = {})
      : source_(source),
        options_(options),
        stop_check_(stop_check),
        open_after_(std::move(open_after)),
        scope_(checked_scope(options.paths)) {}

  std::vector<Change> run(const Side& before, const Side& after) {
    const VisitDifference note = [this](const std::string& path, const Entry* old_entry, const Entry* new_entry) {
      add(path, old_entry, new_entry);
    };
    for (const std::string& path : scope_.empty() ? std::vector<std::string>{""} : scope_) {
      const auto old_entry = before.find(source_, path);
      const auto new_entry = after.find(source_, path);
      diff_entries(source_, path, old_entry ? &*old_entry : nullptr, new_entry ? &*new_entry : nullptr, note);
    }
    if (!options_.directory_times) drop_directory_times();
    add_link_changes(before, after);
    if (options_.detect_renames) join_renames(found_);
    std::vector<Change> changes;
    for (Candidate& candidate : found_) changes.push_back(std::move(candidate.change));
    std::sort(changes.begin(), changes.end(), [](const Change& a, const Change& b) { return a.path < b.path; });
    return changes;
  }

 private:
  void add(const std::string& path, const Entry* before, const Entry* after) {
    if (stop_check_ != nullptr) (*stop_check_)();
    const Entry& shown = after != nullptr ? *after : *before;
    Candidate candidate;
    Change& change = candidate.change;
    change.path = path;
    change.type = static_cast<NodeType>(shown.type);
    if (before != nullptr && before->type == EntryType::file) change.size_before = before->size_bytes();
    if (after != nullptr && after->type == EntryType::file) change.size_after = after->size_bytes();
    if (before == nullptr || after == nullptr) {
      if (path.empty()) return;  // the top is not a name in the tree
      change.kind = before == nullptr ? ChangeKind::added : ChangeKind::removed;
      change.bytes_changed = change.size_after.value_or(0);
      if (is_known_file(shown) || (shown.type == EntryType::directory && !shown.content_unknown)) candidate.content = shown.content;
    } else {
      compare(*before, *after, candidate);
    }
    found_.push_back(std::move(candidate));
  }

  void compare(const Entry& before, const Entry& after, Candidate& candidate) {
    Change& change = candidate.change;
    change.is_conflicted_type = before.type != after.type;
    if (change.is_conflicted_type) {
      change.bytes_changed = change.size_after.value_or(0);
      return;
    }
    const bool same_content = has_same_content(before, after);
    change.kind = same_content ? ChangeKind::metadata : ChangeKind::modified;
    candidate.only_time = differ_in_time_only(before, after);
    if (same_content || before.type != EntryType::file) return;
    if (!is_known_file(before) || !is_known_file(after)) {
      change.bytes_changed = change.size_after.value_or(0);
      return;
    }
    std::vector<Range> stretches;
    for_each_difference(source_, before.content, after.content, [&](Range range) {
      change.bytes_changed += range.length;
      if (options_.ranges) stretches.push_back(range);
    });
    if (options_.ranges) change.ranges = exact_ranges(before.content, after.content, stretches, change.path);
  }

  ReadContent reader_of(const StreamRef& content) {
    return [this, content](std::uint64_t offset, std::span<std::byte> out) {
      const auto there = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), content.length - std::min(offset, content.length)));
      read_content(source_, content, offset, out.first(there));
      return there;
    };
  }

  /// The bytes that differ in the chunks that do.
  std::vector<ByteRange> exact_ranges(const StreamRef& before, const StreamRef& after, const std::vector<Range>& stretches,
                                      const std::string& path) {
    DiffRanges ranges(reader_of(before), open_after_ ? open_after_(path) : reader_of(after), options_.range_gap);
    const std::uint64_t common = std::min(before.length, after.length);
    for (const Range& stretch : stretches) {
      const std::uint64_t end = stretch.offset + stretch.length;
      if (stretch.offset < common) ranges.compare({stretch.offset, std::min(end, common) - stretch.offset});
      if (end > common) ranges.add({std::max(stretch.offset, common), end - std::max(stretch.offset, common)});
    }
    return ranges.take();
  }

  /// The time of a directory moves whenever a name in it comes or goes. It says nothing that those names don't; and of those that came and
  /// went, or are not tracked, nobody wants to hear.
  void drop_directory_times() {
    std::erase_if(found_, [](const Candidate& candidate) { return candidate.only_time && candidate.change.type == NodeType::directory; });
  }

  using Groups = std::unordered_map<std::string, std::shared_ptr<const std::vector<std::string>>>;
  Groups groups_of(const Side& side) {
    Groups groups;
    if (!side.root) return groups;
    for (auto& group : get_links(source_, *side.root)) {
      const auto shared = std::make_shared<const std::vector<std::string>>(std::move(group));
      for (const std::string& path : *shared) groups.emplace(path, shared);
    }
    return groups;
  }

  /// A hard link added or broken changes no entry.
  void add_link_changes(const Side& before, const Side& after) {
    if (before.root && after.root && before.root->links == after.root->links) return;
    const Groups old_groups = groups_of(before);
    const Groups new_groups = groups_of(after);
    std::set<std::string> linked;
    for (const Groups* groups : {&old_groups, &new_groups})
      for (const auto& [path, group] : *groups) linked.insert(path);
    std::set<std::string, std::less<>> known;
    for (const Candidate& candidate : found_) known.insert(candidate.change.path);
    for (const std::string& path : linked) {
      const auto old_group = old_groups.find(path);
      const auto new_group = new_groups.find(path);
      if (old_group != old_groups.end() && new_group != new_groups.end() && *old_group->second == *new_group->second) continue;
      if (known.contains(path) || !is_in_scope(path, scope_)) continue;
      const auto entry = after.find(source_, path);
      if (!entry) continue;
      Candidate candidate;
      candidate.change.path = path;
      candidate.change.kind = ChangeKind::metadata;
      candidate.change.type = static_cast<NodeType>(entry->type);
      if (entry->type == EntryType::file) candidate.change.size_before = candidate.change.size_after = entry->size_bytes();
      found_.push_back(std::move(candidate));
    }
    std::sort(found_.begin(), found_.end(),
              [](const Candidate& a, const Candidate& b) { return WalkOrder()(a.change.path, b.change.path); });
  }

  ChunkSource& source_;
  const DiffOptions& options_;
  const StopCheck* stop_check_;
  OpenContent open_after_;
  std::vector<std::string> scope_;
  std::vector<Candidate> found_;
};

void count(DiffReport& report) {
  for (const Change& change : report.changes) switch (change.kind) {
      case ChangeKind::added:
        ++report.added;
        break;
      case ChangeKind::removed:
        ++report.removed;
        break;
      case ChangeKind::modified:
        ++report.modified;
        break;
      case ChangeKind::metadata:
        ++report.metadata;
        break;
      case ChangeKind::renamed:
        ++report.renamed;
        break;
    }
}

/// A file of the tree on disk; what can't be opened (any more) has no content.
ReadContent open_on_disk(TreeDirectories& directories, const std::string& path) {
  System& system = directories.system();
  auto file = std::make_shared<Fd>();
  if (const Directory directory = directories.find(directory_of(path))) {
    const std::string name(name_of(path));
    constexpr int kFlags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
    const int fd = retry_interrupted([&] { return system.open_at(directory->get(), name.c_str(), kFlags, 0); });
    if (fd >= 0) *file = Fd(system, fd);
  }
  return [&system, file, path](std::uint64_t offset, std::span<std::byte> out) {
    return file->is_open() ? read_up_to(system, file->get(), out, offset, path) : 0;
  };
}

Side side_of(Engine& engine, const std::string& revision, std::optional<ChunkId>& root) {
  if (revision == "HEAD" && engine.log->head().number == 0) return {};  // everything is new
  root = get_content_root(engine, engine.history->resolve(revision));
  return {get_root(*engine.store, *root)};
}

}  // namespace

std::vector<Change> diff_roots(ChunkSource& source, const Root& before, const Root& after) {
  const DiffOptions options;
  return Comparison(source, options, nullptr).run({before}, {after});
}

DiffReport diff(Engine& engine, const DiffOptions& options) {
  DiffReport report;
  const StopCheck stop_check(engine.system, options.control);
  std::optional<ChunkId> from_root;
  const Side before = side_of(engine, options.from, from_root);
  if (options.to) {
    std::optional<ChunkId> to_root;
    const Side after = side_of(engine, *options.to, to_root);
    if (from_root != to_root) report.changes = Comparison(*engine.store, options, &stop_check).run(before, after);
    count(report);
    return report;
  }
  require_tree(engine);
  ScratchChunks scratch(*engine.store);
  ScanOptions scan_options;
  scan_options.scope = checked_scope(options.paths);
  scan_options.base_root = from_root;
  scan_options.one_file_system = options.one_file_system;
  scan_options.is_kept = false;  // what is only looked at is not stored, so nothing may rest on it
  scan_options.control = options.control;
  TreeScan scan(engine, {scratch, scratch}, scan_options);
  const ScanResult result = scan.run();
  for (const PathVerdict& verdict : result.verdicts)
    if (verdict.verdict == Verdict::unreadable) report.unreadable.push_back(verdict.path);
  // Data that is only looked at is not kept: it is still where it was.
  TreeDirectories directories(engine.system, engine.tree.get(), engine.tree_directory);
  const OpenContent open_after = [&](const std::string& path) { return open_on_disk(directories, path); };
  if (from_root != result.root)
    report.changes = Comparison(scratch, options, &stop_check, open_after).run(before, {get_root(scratch, result.root)});
  count(report);
  return report;
}

StatusReport status(Engine& engine, const Control& control) {
  StatusReport report;
  const Position head = engine.log->head();
  if (head.number != 0) {
    report.head = head.id;
    report.head_number = head.number;
    report.line = engine.log->get(head.number).line;
  }
  report.restore_pending = restore_is_pending(engine);
  DiffOptions options;
  options.control = control;
  report.diff = diff(engine, options);
  return report;
}

}  // namespace metamori
