// The checkpoint, from the scan to the printed id. The steps are those of docs/design.md (*The checkpoint protocol*): bytes before names,
// names before references, and the record's rename is the commit point.

#include "core/checkpoint.hpp"

#include <algorithm>
#include <utility>

#include "base/digest.hpp"
#include "base/files.hpp"
#include "core/checkpoint_basis.hpp"
#include "core/checkpoint_record.hpp"
#include "core/content_check.hpp"
#include "core/held_still.hpp"
#include "core/lock.hpp"
#include "core/looking.hpp"
#include "core/tree_diff.hpp"

namespace metamori {
namespace {

constexpr std::uint64_t kMaxVerdictBytes = 1U << 30;

enum class Outcome { published, scan_again };

/// One try: scan, store, publish. Holds what has to outlive the try that succeeds.
class Attempt {
 public:
  Attempt(Engine& engine, const CheckpointOptions& options, ChunkSession& session)
      : engine_(engine), options_(options), session_(session), basis_(read_basis(engine)), generation_(engine.log->gc_generation()) {}

  void scan(HeldStill& held) {
    walk_ = std::make_unique<TreeScan>(engine_, ScanStore{session_, session_}, scan_options(options_, basis_));
    result_ = walk_->run(&held);
  }

  /// As `status` sees it.
  [[nodiscard]] bool is_unchanged() {
    if (!basis_.parent || !basis_.damaged.empty() || !result_.is_clean() || put_bytes_id(result_.rules) != basis_.parent->rules)
      return false;
    return has_parents_root() ||
           differ_in_directory_times_only(session_, get_root(session_, basis_.parent->root), get_root(session_, result_.root));
  }
  [[nodiscard]] bool has_parents_root() const { return basis_.parent && basis_.parent->root == result_.root; }

  /// Steps 2 to 8 of the protocol.
  Outcome publish() {
    for (;;) {
      record_ = build();
      session_.flush();
      refuse_pending_restore(engine_, options_.control);
      if (!session_.packs_still_present() || engine_.log->gc_generation() != generation_) return Outcome::scan_again;
      if (engine_.log->publish(record_)) break;
      if (rebase() == Outcome::scan_again) return Outcome::scan_again;
    }
    settle_published(engine_, session_, record_, generation_);
    return Outcome::published;
  }

  [[nodiscard]] const Basis& basis() const { return basis_; }
  [[nodiscard]] const ScanResult& result() const { return result_; }
  [[nodiscard]] const Record& record() const { return record_; }
  TreeScan& walk() { return *walk_; }

 private:
  Record build() {
    RecordParts parts;
    parts.engine = &engine_;
    parts.session = &session_;
    parts.scan = &result_;
    parts.head = basis_.head;
    parts.number = basis_.number;
    parts.gc_generation = generation_;
    return build_checkpoint_record(parts, options_);
  }

  /// Somebody else took the number: build on what they published, if that is possible without looking at the tree again.
  Outcome rebase() {
    const Position before = basis_.head;
    const Record winner = engine_.log->get(basis_.number);
    if (winner.kind == RecordKind::move) return Outcome::scan_again;
    basis_ = read_basis(engine_);
    // Several may have come since: all of them must be such that the tree as scanned is still what follows.
    for (std::uint64_t number = winner.number + 1; number < basis_.number; ++number)
      if (engine_.log->get(number).kind == RecordKind::move) return Outcome::scan_again;
    if (basis_.head == before || options_.paths.empty() || !basis_.parent) return Outcome::published;
    const Root parent = get_root(session_, basis_.parent->root);
    Grafts grafts = result_.grafts;
    LinkTable mine = result_.scope_links;
    leave_out_gone(parent, grafts, mine);
    take_over_verdicts(grafts);
    const Root scanned = result_.root_node;
    const Entry top = graft({session_, session_}, parent.top, grafts, [&](const std::string& path) {
      auto entry = find_path(session_, scanned, path);
      if (!entry) throw Error(ErrorKind::io, "directory " + quoted(path) + " vanished while checkpoints were merged", {}, path);
      return *entry;
    });
    const LinkTable links = joined_links(links_beside(get_links(session_, parent), grafts), mine);
    result_.set_root(put_root(session_, top, links));
    return Outcome::published;
  }

  /// Names outside the scope that came along because they are the same file: not where the new parent has none.
  void leave_out_gone(const Root& parent, Grafts& grafts, LinkTable& links) {
    std::erase_if(grafts, [&](const auto& graft) {
      if (is_at_or_below_any(graft.first, options_.paths)) return false;
      const auto entry = find_path(session_, parent, graft.first);
      return !entry || entry->type != graft.second->type;
    });
    for (auto& group : links) std::erase_if(group, [&](const std::string& path) { return !is_grafted(grafts, path); });
    std::erase_if(links, [](const auto& group) { return group.size() < 2; });
    std::sort(links.begin(), links.end());
  }

  /// What was not replaced is the new parent's, with its verdicts.
  void take_over_verdicts(const Grafts& grafts) {
    std::vector<PathVerdict>& verdicts = result_.verdicts;
    std::erase_if(verdicts, [&](const PathVerdict& verdict) { return !is_grafted(grafts, verdict.path); });
    for (PathVerdict& verdict : decode_verdicts(get_bytes(session_, basis_.parent->verdicts, kMaxVerdictBytes)))
      if (!is_grafted(grafts, verdict.path)) verdicts.push_back(std::move(verdict));
    std::sort(verdicts.begin(), verdicts.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  }

  StreamRef put_bytes_id(const std::string& text) const { return put_bytes(session_, as_bytes(text), Kind::other); }

  Engine& engine_;
  const CheckpointOptions& options_;
  ChunkSession& session_;
  Basis basis_;
  std::uint64_t generation_;
  std::unique_ptr<TreeScan> walk_;
  ScanResult result_;
  Record record_;
};

/// Step 10. The checkpoint stands already: what goes wrong with a cache costs the next run time, and must not make this one fail.
void keep_caches(Engine& engine, TreeScan& walk) {
  try {
    walk.save_cache();
    engine.store->index().save();
  } catch (const Error&) {
    return;
  }
}

/// Lets others know that a checkpoint is being made. Nothing if it is to be left to somebody who makes one already. Where there are no
/// locks it can't be known.
std::optional<Lock> announce(Engine& engine, const CheckpointOptions& options) {
  constexpr std::int64_t kMomentMs = 1000;  // nobody holds it exclusively for longer
  try {
    Control control = options.control;
    control.lock_timeout_ms = options.skip_if_running ? 0 : kMomentMs;
    if (!options.skip_if_running) return Lock(engine, kCheckpointLock, LockMode::shared, control);
    Lock lock(engine, kCheckpointLock, LockMode::exclusive, control);
    if (!lock.share()) return std::nullopt;
    return lock;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::locked || !options.skip_if_running) throw;
    return std::nullopt;
  }
}

CheckpointReport report_running(Engine& engine) {
  CheckpointReport report;
  report.was_running = true;
  const Position head = engine.log->head();
  if (head.number != 0) report.checkpoint = describe_checkpoint(engine, head, false);
  return report;
}

/// With the paths each once, none below another, and none at all if the top is among them.
CheckpointOptions with_plain_paths(CheckpointOptions options) {
  options.paths = checked_scope(options.paths);
  if (!options.paths.empty() && options.paths.front().empty()) options.paths.clear();
  return options;
}

}  // namespace

CheckpointReport take_checkpoint(Engine& engine, const CheckpointOptions& asked) {
  const CheckpointOptions options = with_plain_paths(asked);
  const std::int64_t started_ns = engine.system.monotonic_ns();
  if (engine.read_only && !options.dry_run)
    throw Error(ErrorKind::refused, "the repository " + quoted(engine.repository_directory) + " is read-only");
  if (options.dry_run) return rehearse_checkpoint(engine, options);
  check_checkpoint_options(engine, options);
  const std::optional<Lock> announced = announce(engine, options);
  if (!announced) return report_running(engine);
  refuse_pending_restore(engine, options.control);
  const Lock shared = take_writer_lock(engine, options.control);
  ChunkSession session(*engine.store);
  double paused_seconds = 0;
  for (;;) {
    Attempt attempt(engine, options, session);
    try {
      HeldStill held(engine.system, options.pause);
      attempt.scan(held);
      paused_seconds += held.seconds();
    } catch (const Error& error) {
      // What was stored so far serves the next run.
      if (error.kind() == ErrorKind::interrupted || error.kind() == ErrorKind::timed_out) session.flush();
      throw;
    }
    if (options.stage_only) session.flush();
    const bool is_needed = !options.stage_only && (!options.skip_if_unchanged || !attempt.is_unchanged());
    if (is_needed && attempt.publish() == Outcome::scan_again) continue;
    // Of a tree that is not kept the caches would name listings that are nowhere.
    if (is_needed || options.stage_only || attempt.has_parents_root()) keep_caches(engine, attempt.walk());
    const Position& position = is_needed ? attempt.record().head_after : attempt.basis().head;
    const TakenCheckpoint outcome{position, is_needed, attempt.basis().parent};
    CheckpointReport report = report_checkpoint(engine, session, attempt.result(), outcome, started_ns);
    report.damaged_records = attempt.basis().damaged;
    report.paused_seconds = paused_seconds;
    report.files_cloned = attempt.result().totals.files_cloned;
    return report;
  }
}

}  // namespace metamori
