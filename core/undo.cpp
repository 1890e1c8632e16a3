// Undoing a restore: a restore in place of what the newest safety checkpoint lists. It takes a safety checkpoint itself, so undoing twice
// is redoing.

#include <algorithm>

#include "core/looking.hpp"
#include "core/restore.hpp"
#include "core/restore_in_place.hpp"

namespace metamori {
namespace {

constexpr std::uint64_t kMaxTouchedBytes = 4ULL << 30;
constexpr std::string_view kUndoRevision = "@undo";

struct UndoPoint {
  RestoreSource source;
  std::map<std::string, bool> touched;
  std::optional<Position> head_after;
};

/// The move of HEAD that the restore after safety checkpoint `number` made, if it did.
std::optional<Record> find_move(Engine& engine, std::uint64_t number) {
  const auto& summaries = engine.log->summaries();
  for (const RecordSummary& summary : summaries) {
    if (summary.number <= number || summary.kind != RecordKind::move) continue;
    Record record = engine.log->get(summary.number);
    if (record.safety_number == number && record.move_reason != MoveReason::recovery) return record;
  }
  return std::nullopt;
}

UndoPoint undo_point(Engine& engine, const Position& position) {
  UndoPoint point;
  point.source = source_at(engine, position);
  for (TouchedPath& touched : decode_touched(get_bytes(*engine.store, point.source.decoded.record.touched, kMaxTouchedBytes)))
    point.touched.emplace(std::move(touched.path), touched.existed);
  // Checkpoints taken since then are not stepped back over: HEAD returns only if it is still where that restore put it.
  const auto move = find_move(engine, position.number);
  if (move && engine.log->head() == move->head_after) point.head_after = move->head_before;
  return point;
}

bool has_moved_head(const UndoPoint& point) noexcept { return point.head_after.has_value(); }

/// Of directories the names have entries of their own. A time that differs although the names are the same was set by the restore; if they
/// are not, somebody may have made or removed one since.
bool directory_differs(const Entry& then, const Entry& now) {
  return then.mode != now.mode || (then.content == now.content && then.mtime != now.mtime);
}

/// Whether going back to this point changes anything: a restore that was refused or taken back has left its safety checkpoint behind.
bool changes_anything(ChunkSource& source, const ScanResult& scan, const UndoPoint& point, const NodePolicy& policy) {
  const Root root = get_root(source, point.source.decoded.content.root);
  return std::any_of(point.touched.begin(), point.touched.end(), [&](const auto& item) {
    const auto then = find_path(source, root, item.first);
    const auto now = find_path(source, scan.root_node, item.first);
    if (!now) return item.second;  // untracked by now, or gone
    return !item.second || !then ||
           (then->type == EntryType::directory && now->type == EntryType::directory ? directory_differs(*then, *now)
                                                                                    : differs(*now, *then, policy));
  });
}

std::vector<Position> safety_checkpoints(Engine& engine, const RestoreOptions& options) {
  if (std::string_view(options.revision).starts_with(kUndoRevision)) return {engine.history->resolve(options.revision)};
  std::vector<Position> found;
  for (const RecordSummary& summary : engine.log->summaries())
    if (summary.kind == RecordKind::safety) found.push_back({summary.number, summary.id});
  std::reverse(found.begin(), found.end());
  return found;
}

InPlaceRestore::Aim aim_at(const UndoPoint& point, const RestoreOptions& options) {
  RestoreGoal goal;
  goal.root = point.source.decoded.content.root;
  goal.exact = point.touched;
  goal.whole = has_moved_head(point);
  goal.rules = point.source.rules;
  goal.keep_inode = options.keep_inode;
  goal.force = options.force;
  goal.policy = node_policy(options);
  return {goal, point.source.position, point.head_after, MoveReason::undo};
}

}  // namespace

RestoreReport undo_restore(Engine& engine, const RestoreOptions& options) {
  require_tree(engine);
  const std::vector<Position> candidates = safety_checkpoints(engine, options);
  if (candidates.empty()) throw Error(ErrorKind::bad_revision, "undo: there is no restore to undo");
  InPlaceRestore restore(engine, options);
  return restore.run("before undo", [&](const ScanResult& scan, ChunkSource& source) {
    const NodePolicy policy = node_policy(options);
    for (const Position& candidate : candidates) {
      const UndoPoint point = undo_point(engine, candidate);
      if (has_moved_head(point) || candidates.size() == 1 || changes_anything(source, scan, point, policy)) return aim_at(point, options);
    }
    throw Error(ErrorKind::bad_revision, "undo: the tree is already as it was before every restore that is remembered");
  });
}

}  // namespace metamori
