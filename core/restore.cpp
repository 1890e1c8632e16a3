#include "core/restore.hpp"

#include "core/content_reader.hpp"
#include "core/fall_back.hpp"
#include "core/looking.hpp"
#include "core/restore_elsewhere.hpp"
#include "core/restore_in_place.hpp"

namespace metamori {
namespace {

InPlaceRestore::Aim aim_at(const RestoreSource& source, const RestoreOptions& options) {
  RestoreGoal goal;
  goal.root = source.decoded.content.root;
  goal.scope = checked_scope(options.paths);
  goal.whole = goal.scope.empty();
  goal.remove_extra = options.remove_extra;
  goal.rules = source.rules;
  goal.overwrite = options.overwrite;
  goal.keep_inode = options.keep_inode;
  goal.force = options.force;
  goal.policy = node_policy(options);
  InPlaceRestore::Aim aim{goal, source.position, std::nullopt, MoveReason::restore,
                          "before restore of " + std::to_string(source.position.number)};
  if (goal.whole && options.overwrite != Overwrite::never) aim.head_after = source.head;
  return aim;
}

RestoreReport restore_here(Engine& engine, const RestoreOptions& options) {
  require_tree(engine);
  FallBack fall_back(engine, options);
  if (!options.fall_back) {  // known before the tree is looked at
    const InPlaceRestore::Aim aim = aim_at(fall_back.choose({}), options);
    return InPlaceRestore(engine, options).run([&](const ScanResult&, ChunkSource&) { return aim; });
  }
  const TransferMeter meter(engine.system, options.control, "restore");
  ContentReader reader(*engine.store, meter);
  const std::vector<std::string> scope = checked_scope(options.paths);
  RestoreReport report = InPlaceRestore(engine, options).run([&](const ScanResult& scan, ChunkSource& source) {
    const RestoreSource chosen = fall_back.choose([&](const RestoreSource& candidate) {
      read_differing(source, scan, get_root(source, candidate.decoded.content.root), scope, reader);
    });
    return aim_at(chosen, options);
  });
  fall_back.tell(report);
  return report;
}

}  // namespace

RestoreReport restore_checkpoint(Engine& engine, const RestoreOptions& options) {
  return options.target ? restore_elsewhere(engine, options) : restore_here(engine, options);
}

}  // namespace metamori
