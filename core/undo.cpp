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
  std::optional<Position> head_after;  ///< where HEAD goes back to, if it is still where that restore left it
  bool was_finished = false;           ///< that restore got to its end, and was not taken back
  bool moved_head = false;             ///< that restore took HEAD somewhere else: the top's own metadata went along
};

/// The move of HEAD (perhaps to where it was) that the restore after safety checkpoint `number` made, if it was finished and not taken
/// back.
std::optional<Record> find_move(Engine& engine, std::uint64_t number) {
  std::optional<Record> found;
  for (const RecordSummary& summary : engine.log->summaries()) {
    if (summary.number <= number || summary.kind != RecordKind::move) continue;
    Record record = engine.log->get(summary.number);
    if (record.safety_number != number) continue;
    if (record.move_reason == MoveReason::recovery) return std::nullopt;
    if (!found) found = std::move(record);
  }
  return found;
}

UndoPoint undo_point(Engine& engine, const Position& position) {
  UndoPoint point;
  point.source = source_at(engine, position);
  for (TouchedPath& touched : decode_touched(get_bytes(*engine.store, point.source.decoded.record.touched, kMaxTouchedBytes)))
    point.touched.emplace(std::move(touched.path), touched.existed);
  // Checkpoints taken since then are not stepped back over: HEAD returns only if it is still where that restore put it.
  const auto move = find_move(engine, position.number);
  point.was_finished = move.has_value();
  if (move && engine.log->head() == move->head_after) {
    point.head_after = move->head_before;
    point.moved_head = move->head_before != move->head_after;
  }
  return point;
}

/// Whether going back to this point changes anything: a restore that was refused or taken back has left its safety checkpoint behind.
bool changes_anything(ChunkSource& source, const ScanResult& scan, const UndoPoint& point, const NodePolicy& policy) {
  const Root root = get_root(source, point.source.decoded.content.root);
  return std::any_of(point.touched.begin(), point.touched.end(), [&](const auto& item) {
    const auto then = find_path(source, root, item.first);
    const auto now = find_path(source, scan.root_node, item.first);
    if (!now) return item.second;  // untracked by now, or gone
    if (!item.second || !then) return true;
    Entry settled = *now;
    // Whatever happened in a directory since has moved its time: that alone is no sign of a restore.
    if (then->type == EntryType::directory && now->type == EntryType::directory) settled.mtime = then->mtime;
    return differs(settled, *then, policy);
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

/// A record that can't be read may be the safety checkpoint of a later restore than those that are known.
void refuse_unknown(Engine& engine, const std::vector<Position>& candidates) {
  const std::uint64_t newest = candidates.empty() ? 0 : candidates.front().number;
  const std::vector<std::uint64_t> damaged = engine.log->damaged();
  const auto later = std::upper_bound(damaged.begin(), damaged.end(), newest);
  if (later == damaged.end()) return;
  throw Error(ErrorKind::corrupt, "undo: record " + std::to_string(*later) + " is damaged, so it is not known what the last restore was",
              "'metamori repair' mends what can be mended, 'metamori log --all' shows what there is to restore");
}

InPlaceRestore::Aim aim_at(const UndoPoint& point, const RestoreOptions& options) {
  RestoreGoal goal;
  goal.root = point.source.decoded.content.root;
  goal.exact = point.touched;
  goal.whole = point.moved_head || point.touched.contains("");
  goal.rules = point.source.rules;
  goal.keep_inode = options.keep_inode;
  goal.force = options.force;
  goal.policy = node_policy(options);
  return {goal, point.source.position, point.head_after, MoveReason::undo, "before undo"};
}

}  // namespace

RestoreReport undo_restore(Engine& engine, const RestoreOptions& options) {
  require_tree(engine);
  const std::vector<Position> candidates = safety_checkpoints(engine, options);
  if (!std::string_view(options.revision).starts_with(kUndoRevision)) refuse_unknown(engine, candidates);
  if (candidates.empty()) throw Error(ErrorKind::bad_revision, "undo: there is no restore to undo");
  InPlaceRestore restore(engine, options);
  return restore.run([&](const ScanResult& scan, ChunkSource& source) {
    const NodePolicy policy = node_policy(options);
    for (const Position& candidate : candidates) {
      const UndoPoint point = undo_point(engine, candidate);
      if (point.was_finished || candidates.size() == 1 || changes_anything(source, scan, point, policy)) return aim_at(point, options);
    }
    throw Error(ErrorKind::bad_revision, "undo: the tree is already as it was before every restore that is remembered");
  });
}

}  // namespace metamori
