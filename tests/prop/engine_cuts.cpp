// The model's power cuts: in the middle of a checkpoint or a restore, in the recovery after it, and while nothing runs.

#include "core/looking.hpp"
#include "tests/prop/engine_model.hpp"

namespace metamori::test {

CrashVariant EngineHistory::random_variant() {
  const auto all = crash_variants(1);
  CrashVariant variant = all[chance_.below(all.size())];
  variant.seed = chance_();
  return variant;
}

bool EngineHistory::run_until_cut(std::uint64_t at, const std::function<void(System&)>& operation) {
  FaultSystem faulty(*disk_);
  faulty.set_fault({.matches = FaultSystem::mutates, .at = at, .action = FaultAction::power_cut});
  bool has_failed = false;
  try {
    operation(faulty);
  } catch (const Error& error) {
    expect(faulty.is_cut(), std::string("failed though the power was there: ") + error.what());
    has_failed = true;
  }
  const CrashVariant variant = random_variant();
  disk_ = disk_->crash_state(disk_->event_count(), variant);
  disk_->make_durable();
  ++counts_.cuts;
  steps_.back() += ", power cut at call " + std::to_string(at) + ", " + to_string(variant);
  return has_failed;
}

/// Nothing runs, and what the job wrote since the last cut was never synced: whatever is left of its files must be seen. On network file
/// systems it is the server that tells the times, whose own power cuts nobody here can know of.
void EngineHistory::cut_idle() {
  if (is_remote_) disk_->make_durable();
  const CrashVariant variant = random_variant();
  say("power cut, " + to_string(variant));
  disk_ = disk_->crash_state(disk_->event_count(), variant);
  disk_->make_durable();
  ++counts_.cuts;
  before_restore_.reset();
  head_ = open_at_tree(*disk_)->log->head().number;
  take_whole();
}

void EngineHistory::cut_checkpoint() {
  disk_->make_durable();
  const TreeState before = tree_state(*disk_);
  const std::uint64_t highest = open_at_tree(*disk_)->log->highest();
  std::uint64_t calls = 0;
  {
    const auto copy = disk_->copy();
    FaultSystem counting(*copy);
    checkpoint(counting);
    calls = counting.count_mutating();
  }
  say("checkpoint");
  const bool has_failed = run_until_cut(1 + chance_.below(calls), [](System& system) { checkpoint(system); });
  expect_same(tree_state(*disk_), before, "the tree after a checkpoint that was cut");
  before_restore_.reset();
  const std::uint64_t now = open_at_tree(*disk_)->log->highest();
  expect(now == highest || now == highest + 1, "numbers after a checkpoint that was cut");
  expect(has_failed || now == highest + 1, "an acknowledged checkpoint is lost");
  if (now == highest) return expect_head("after a checkpoint that was cut");
  head_ = now;
  held_[now] = {before, true, now};
  expect_head("after a checkpoint whose end was cut");
}

EngineHistory::Rehearsal EngineHistory::rehearse(const Restoring& restoring) {
  const auto copy = disk_->copy();
  FaultSystem counting(*copy);
  Rehearsal rehearsal;
  try {
    restoring(*open_at_tree(counting));
  } catch (const Error& error) {
    rehearsal.refused = true;
  }
  rehearsal.after = tree_state(*copy);
  rehearsal.calls = counting.count_mutating();
  return rehearsal;
}

void EngineHistory::cut_restore() {
  disk_->make_durable();
  before_restore_.reset();
  std::uint64_t number = 0;
  RestoreOptions options = random_restore(number);
  options.save = true;
  options.force = false;
  const TreeState before = tree_state(*disk_);
  const auto restoring = [&](Engine& engine) { return restore_checkpoint(engine, options); };
  const Rehearsal rehearsal = rehearse(restoring);
  if (rehearsal.refused) return;
  const std::uint64_t highest = open_at_tree(*disk_)->log->highest();
  const bool has_failed = run_until_cut(1 + chance_.below(rehearsal.calls), [&](System& system) { restoring(*open_at_tree(system)); });
  recover();
  const TreeState after = tree_state(*disk_);
  const bool whole = options.paths.empty();
  const auto comparable = [&](const TreeState& state) { return whole ? without_link_counts(state.nodes) : without_traces(state.nodes); };
  const bool is_old = comparable(after) == comparable(before);
  const bool is_new = comparable(after) == comparable(rehearsal.after);
  if (!is_old) expect_same(comparable(after), comparable(rehearsal.after), "neither as before the restore nor as after it");
  expect(has_failed || is_new, "a restore that had ended was lost");
  expect(!(whole && is_old) || is_new || after.groups == before.groups, "hard links after a restore that was taken back");
  expect(!(whole && is_new) || is_old || after.groups == rehearsal.after.groups, "hard links after a restore that was finished");
  note_new_records(highest, before);
  const std::uint64_t goal = whole ? held_.at(number).head_after : head_;
  const std::uint64_t head = open_at_tree(*disk_)->log->head().number;
  expect((is_old && head == head_) || (is_new && head == goal), "after a restore that was cut HEAD is " + std::to_string(head));
  head_ = head;
}

void EngineHistory::recover() {
  if (!restore_is_pending(*open_at_tree(*disk_))) return;
  RecoverMode mode = chance_.percent(50) ? RecoverMode::finish : RecoverMode::abort;
  say(mode == RecoverMode::finish ? "recover" : "recover --abort");
  ++counts_.recoveries;
  if (chance_.percent(40)) {
    const auto copy = disk_->copy();
    FaultSystem counting(*copy);
    recover_restore(*open_at_tree(counting), mode, one_worker().control);
    run_until_cut(1 + chance_.below(counting.count_mutating()),
                  [&](System& system) { recover_restore(*open_at_tree(system), mode, one_worker().control); });
    if (chance_.percent(30)) mode = mode == RecoverMode::finish ? RecoverMode::abort : RecoverMode::finish;
    say("recover again");
  }
  const RecoverReport report = recover_restore(*open_at_tree(*disk_), mode, one_worker().control);
  expect(report.warnings.empty(),
         "recovery warned: " + (report.warnings.empty() ? "" : report.warnings[0].path + ": " + report.warnings[0].message));
  expect(!restore_is_pending(*open_at_tree(*disk_)), "still pending");
}

void EngineHistory::note_new_records(std::uint64_t highest, const TreeState& before) {
  const auto engine = open_at_tree(*disk_);
  for (const RecordSummary& summary : engine->log->summaries()) {
    if (summary.number <= highest || held_.contains(summary.number)) continue;
    expect(summary.kind == RecordKind::safety || summary.kind == RecordKind::move, "a restore left a record of another kind");
    if (summary.kind == RecordKind::safety) held_[summary.number] = {before, true, engine->log->get(summary.number).head_after.number};
  }
}

}  // namespace metamori::test
