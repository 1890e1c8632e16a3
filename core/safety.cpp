// Safety checkpoints and moves of HEAD: what a restore publishes besides the tree.

#include <algorithm>

#include "base/files.hpp"
#include "core/checkpoint.hpp"
#include "core/checkpoint_record.hpp"
#include "core/content_check.hpp"
#include "core/describe.hpp"
#include "core/lock.hpp"

namespace metamori {
namespace {

/// Whether files were put back since record `seen`.
bool was_moved_since(Engine& engine, std::uint64_t seen, std::uint64_t next) {
  for (std::uint64_t number = seen + 1; number < next; ++number)
    if (engine.log->get(number).kind == RecordKind::move) return true;
  return false;
}

}  // namespace

SafetyCheckpoint take_safety_checkpoint(Engine& engine, const std::string& message, const FindTouched& touched, const Control& control) {
  const Lock shared = take_writer_lock(engine, control);
  SafetyCheckpoint safety;
  safety.session = std::make_unique<ChunkSession>(*engine.store);
  ChunkSession& session = *safety.session;
  CheckMode check = CheckMode::automatic;
  for (;;) {
    const std::uint64_t seen = engine.log->highest();
    const Position head = engine.log->head();
    const std::uint64_t generation = engine.log->gc_generation();
    ScanOptions options;
    options.base_root = find_content_root(engine, head);
    options.control = control;
    options.check = check;
    safety.walk = std::make_unique<TreeScan>(engine, ScanStore{session, session}, options);
    safety.scan = safety.walk->run();
    const auto found = touched(safety.scan, session);
    if (!found) {
      check = CheckMode::content;
      continue;
    }
    const std::vector<TouchedPath>& paths = *found;
    if (paths.empty()) return safety;
    std::vector<std::string> untracked;
    for (const TouchedPath& path : paths)
      if (path.existed && !find_path(session, safety.scan.root_node, path.path)) untracked.push_back(path.path);
    safety.walk->add_untracked(safety.scan, untracked);
    const StreamRef list = put_bytes(session, encode_touched(paths), Kind::other);
    RecordParts parts;
    parts.engine = &engine;
    parts.session = &session;
    parts.scan = &safety.scan;
    parts.head = head;
    parts.gc_generation = generation;
    for (;;) {
      parts.number = engine.log->highest() + 1;
      const Record record = build_safety_record(parts, message, list);
      if (!session.packs_still_present() || engine.log->gc_generation() != generation) break;
      if (!(engine.log->head() == head) || was_moved_since(engine, seen, parts.number)) break;
      if (!engine.log->publish(record)) continue;
      settle_published(engine, session, record, generation);
      safety.position = {record.number, record.id()};
      safety.bytes_added = session.totals().pack_bytes;
      safety.walk->save_cache();
      return safety;
    }
  }
}

namespace {

/// Publishes a move to what `after` says when told where HEAD is.
std::uint64_t publish_head(Engine& engine, const std::function<Position(const Position& head)>& after, MoveReason reason,
                           std::uint64_t safety_number) {
  for (;;) {
    Record move;
    move.kind = RecordKind::move;
    move.number = engine.log->highest() + 1;
    move.head_before = engine.log->head();
    move.head_after = after(move.head_before);
    move.move_reason = reason;
    move.safety_number = safety_number;
    if (engine.log->publish(move)) return move.number;
  }
}

}  // namespace

std::uint64_t publish_move(Engine& engine, const Position& before, const Position& after, MoveReason reason, std::uint64_t safety_number) {
  const auto moved = [&](const Position& head) {
    if (!(head == before))
      throw Error(ErrorKind::refused,
                  "HEAD was moved to checkpoint " + std::to_string(head.number) + " by somebody else during the restore",
                  "look at 'metamori log --all'");
    return after;
  };
  return publish_head(engine, moved, reason, safety_number);
}

std::uint64_t publish_stay(Engine& engine, MoveReason reason, std::uint64_t safety_number) {
  return publish_head(
      engine, [](const Position& head) { return head; }, reason, safety_number);
}

}  // namespace metamori
