// A repair from lock to report: packs first, because records are judged by what they lead to; then records, chunks, and what is small.
// What goes is only ever moved to the quarantine, and after what takes its place is durable.

#include "core/repair.hpp"

#include <algorithm>

#include "core/engine_open.hpp"
#include "core/lock.hpp"
#include "core/looking.hpp"
#include "core/lost_chunks.hpp"
#include "core/repair_run.hpp"

namespace metamori {
namespace {

constexpr int kRoundsMax = 16;  ///< of finding chunks: below each list or listing that was found, others may be missed
constexpr double kNsPerSecond = 1e9;

VerifyOptions verify_options(const RepairOptions& options, bool data) {
  VerifyOptions result;
  result.data = data;
  result.control = options.control;
  return result;
}

class Repair {
 public:
  Repair(System& system, const OpenOptions& where, const RepairOptions& options)
      : system_(system),
        where_(where),
        options_(options),
        engine_(locate_engine(system, where)),
        run_(*engine_, options),
        salvage_(run_),
        started_ns_(system.monotonic_ns()) {}

  RepairReport run() {
    if (!options_.dry_run) require_writable(*engine_);
    const FormatFile format = look_at_format(*engine_);
    engine_->repository_id = format.id;
    mend_directories(run_);
    open_parts(*engine_);
    if (!options_.dry_run) lock();
    if (format.text) run_.replace(engine_->dirs.top.get(), "format", "format", as_bytes(*format.text), format.why, 0644);
    mend_caches(run_);
    mend_packs();
    mend_records(run_);
    mend_generation(run_);
    mend_chunks();
    mend_references(run_);
    mend_intent(run_);
    if (!options_.dry_run) finish();
    run_.report.files_quarantined = options_.dry_run ? run_.report.files_quarantined : run_.quarantine.file_count();
    run_.report.quarantine = run_.quarantine.directory();
    run_.report.seconds = static_cast<double>(system_.monotonic_ns() - started_ns_) / kNsPerSecond;
    return std::move(run_.report);
  }

 private:
  /// In the order in which gc and a restore take them.
  void lock() {
    tree_lock_.emplace(*engine_, kTreeLock, LockMode::exclusive, options_.control);
    gc_lock_.emplace(*engine_, kGcLock, LockMode::exclusive, options_.control);
    if (tree_lock_->held() && gc_lock_->held()) return;
    if (tree_lock_->lacks_room() || gc_lock_->lacks_room())
      throw Error(ErrorKind::no_space, "no space left for a lock, which is an empty file", {}, engine_->repository_directory);
    throw Error(ErrorKind::refused, "files can't be locked here, so that it is not known whether somebody uses the repository",
                "copy the repository to a file system of this machine, and repair the copy: 'metamori repair --repo DIR'",
                engine_->repository_directory);
  }

  void mend_packs() {
    const VerifyOptions options = verify_options(options_, true);
    VerifyRun look(*engine_, options);
    verify_packs(look);
    suspects_ = look.bad_chunks();
    salvage_.run(look.damaged_packs());
    salvage_.set_aside_trash();
    for (const PackName& name : salvage_.written()) {
      VerifyRun again(*engine_, options);
      verify_pack(again, name);
      const std::set<ChunkId> bad = again.bad_chunks();
      suspects_.insert(bad.begin(), bad.end());
    }
  }

  [[nodiscard]] bool can_be_read(const ChunkId& id) {
    if (options_.dry_run && salvage_.found().contains(id)) return true;
    Bytes scratch;
    try {
      engine_->store->read(id, scratch);
      return true;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::corrupt) throw;
      return false;
    }
  }

  void mend_chunks() {
    ChunkHealer healer(run_);
    const VerifyOptions options = verify_options(options_, false);
    std::set<ChunkId> lost;
    for (int round = 0; round < kRoundsMax; ++round) {
      VerifyRun look(*engine_, options);
      for (const ChunkId& id : suspects_)
        if (!can_be_read(id)) look.note_chunk(id, "chunk " + to_hex(id), "what it rests on is lost", true);
      verify_records(look);
      lost = look.lost_chunks();
      if (options_.dry_run)
        for (const ChunkId& id : salvage_.found()) lost.erase(id);
      if (lost.empty()) break;
      const std::set<ChunkId> found = healer.heal(lost);
      if (options_.dry_run) {
        for (const ChunkId& id : found) lost.erase(id);
        note_lost(look, found);
        return note_given_up(lost);
      }
      if (found.empty()) break;
    }
    if (options_.dry_run) return;
    std::set<ChunkId> unreadable;
    for (const ChunkId& id : suspects_)
      if (!can_be_read(id)) unreadable.insert(id);
    salvage_.drop_unreadable(unreadable);
    note_given_up(lost);
  }

  void note_given_up(const std::set<ChunkId>& lost) {
    const std::string why = std::to_string(lost.size()) + " chunks are lost; gc goes on without them";
    try {
      if (read_lost_chunks(*engine_) == lost) return;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::corrupt) throw;
      return run_.replace(engine_->dirs.top.get(), "lost", "lost", as_bytes(lost_text(lost)), "the file was damaged; " + why, 0644);
    }
    run_.tell("rebuild", "lost", why);
    if (!options_.dry_run) write_lost_chunks(*engine_, lost);
  }

  /// What a dry run can tell of what would remain.
  void note_lost(VerifyRun& look, const std::set<ChunkId>& found) {
    for (const ChunkId& id : found) look.forgive(id);
    for (const ChunkId& id : salvage_.found()) look.forgive(id);
    for (VerifyProblem& problem : look.finish().problems)
      if (problem.kind == "chunk") run_.report.remaining.push_back(std::move(problem));
  }

  /// Looks once more, as whoever opens it next will find it.
  void finish() {
    const std::unique_ptr<Engine> fresh = open_engine(system_, where_);
    fresh->store->index().save();
    fresh->log->summaries();
    fresh->log->keep_summaries();
    VerifyReport left = verify(*fresh, verify_options(options_, false));
    std::vector<VerifyProblem>& remaining = run_.report.remaining;
    for (VerifyProblem& problem : remaining)
      for (CheckpointInfo& info : problem.affects) info.id = fresh->log->get(info.number).id();  // of its tombstone
    remaining.insert(remaining.end(), std::make_move_iterator(left.problems.begin()), std::make_move_iterator(left.problems.end()));
  }

  System& system_;
  const OpenOptions& where_;
  const RepairOptions& options_;
  std::unique_ptr<Engine> engine_;
  std::optional<Lock> tree_lock_, gc_lock_;
  RepairRun run_;
  PackSalvage salvage_;
  std::set<ChunkId> suspects_;  ///< could not be read at first, and may not be now
  std::int64_t started_ns_;
};

}  // namespace

void RepairRun::remain(std::string kind, std::string where, std::string message, const std::set<std::uint64_t>& affected) {
  VerifyProblem problem{std::move(kind), std::move(where), std::move(message), {}};
  for (const std::uint64_t number : affected) {
    CheckpointInfo info;
    info.number = number;
    problem.affects.push_back(std::move(info));
  }
  report.remaining.push_back(std::move(problem));
}

void RepairRun::set_aside(int dir, const std::string& name, const std::string& path, const std::string& why) {
  tell("quarantine", path, why);
  if (is_dry()) {
    ++report.files_quarantined;
  } else {
    quarantine.move(dir, name, path);
  }
}

void RepairRun::replace(int dir, const std::string& name, const std::string& path, ByteView bytes, const std::string& why,
                        std::uint32_t mode) {
  tell("rebuild", path, why);
  if (is_dry()) {
    ++report.files_quarantined;
    return;
  }
  quarantine.keep(dir, name, path);
  replace_file(engine.system, engine.dirs.tmp.get(), dir, name, bytes, path, mode);
}

void RepairRun::check_stop() const {
  if (options.control.stop != nullptr && options.control.stop->load()) throw Error(ErrorKind::interrupted, "the repair was interrupted");
}

RepairReport repair_repository(System& system, const OpenOptions& where, const RepairOptions& options) {
  return Repair(system, where, options).run();
}

RepairReport repair(const OpenOptions& where, const RepairOptions& options) { return repair_repository(real_system(), where, options); }

}  // namespace metamori
