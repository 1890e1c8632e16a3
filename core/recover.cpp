// Recovery of an unfinished restore: from the intent, the store and the tree alone. Can itself be interrupted anywhere.

#include "core/checkpoint.hpp"
#include "core/intent.hpp"
#include "core/lock.hpp"
#include "core/looking.hpp"
#include "core/restore.hpp"
#include "core/restore_run.hpp"

namespace metamori {
namespace {

void finish(Engine& engine, const Intent& intent, RestoreRun& run, RecoverMode mode, WarningList& warnings) {
  try {
    run.apply(mode == RecoverMode::force ? ApplyMode::force : ApplyMode::redo);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::refused) throw;
    throw Error(error.kind(), error.what(),
                "'metamori recover --force' goes on nevertheless, 'metamori recover --abort' takes the restore back", error.path());
  }
  if (intent.head_before == intent.head_after) {
    publish_stay(engine, intent.reason, intent.safety.number);
    return;
  }
  const Position head = engine.log->head();
  if (head == intent.head_after) return;
  if (head == intent.head_before)
    publish_move(engine, intent.head_before, intent.head_after, intent.reason, intent.safety.number);
  else
    warnings.add("", "HEAD was moved meanwhile and stays where it is");
}

void take_back(Engine& engine, const Intent& intent, RestoreRun& run, IntentFiles& files) {
  if (!files.has(IntentMarker::aborting)) {
    run.check_revertible();
    files.mark(IntentMarker::aborting);
  }
  run.revert();
  if (!(intent.head_before == intent.head_after) && engine.log->head() == intent.head_after)
    publish_move(engine, intent.head_after, intent.head_before, MoveReason::recovery, intent.safety.number);
  else
    publish_stay(engine, MoveReason::recovery, intent.safety.number);
}

}  // namespace

RecoverReport recover_restore(Engine& engine, RecoverMode mode, const Control& control) {
  require_tree(engine);
  RecoverReport report;
  if (!restore_is_pending(engine)) return report;
  require_writable(engine);
  const Lock lock(engine, kTreeLock, LockMode::exclusive, control);
  IntentFiles files(engine);
  const std::optional<Intent> intent = files.find();  // another process may have finished it while we waited
  if (!intent) return report;
  report.was_pending = true;
  report.paths = intent->plan.steps.size();
  WarningList warnings;
  TransferMeter meter(engine.system, control, "restore");
  meter.ignore_stop();
  RestoreRun run(engine, *intent, warnings, meter, restore_job_count(control));
  const bool is_staged = files.has(IntentMarker::staged);
  const bool is_aborting = files.has(IntentMarker::aborting);
  if (!is_staged && !is_aborting) {
    run.unstage();
  } else if (is_aborting || mode == RecoverMode::abort) {
    take_back(engine, *intent, run, files);
  } else {
    finish(engine, *intent, run, mode, warnings);
    report.finished = true;
  }
  files.drop();
  report.warnings = warnings.take();
  return report;
}

}  // namespace metamori
