#include "core/restore.hpp"

#include "core/looking.hpp"
#include "core/restore_elsewhere.hpp"
#include "core/restore_in_place.hpp"

namespace metamori {
namespace {

RestoreReport restore_here(Engine& engine, const RestoreOptions& options) {
  require_tree(engine);
  const RestoreSource source = resolve_source(engine, options.revision);
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
  check_scope(engine, source, goal.scope, options.remove_extra);
  InPlaceRestore::Aim aim{goal, source.position, std::nullopt, MoveReason::restore};
  if (goal.whole && options.overwrite != Overwrite::never) aim.head_after = source.head;
  InPlaceRestore restore(engine, options);
  return restore.run("before restore of " + std::to_string(source.position.number), [&](const ScanResult&, ChunkSource&) { return aim; });
}

}  // namespace

RestoreReport restore_checkpoint(Engine& engine, const RestoreOptions& options) {
  return options.target ? restore_elsewhere(engine, options) : restore_here(engine, options);
}

}  // namespace metamori
