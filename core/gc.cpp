// gc from lock to report. The order is that of docs/keeping.md: the generation is raised first, so that writers who began before notice;
// everything is marked before anything changes; what stays is written, synced and named before what goes is renamed; references go
// before what they refer to.

#include "core/gc.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "core/fingerprints.hpp"
#include "core/forget.hpp"
#include "core/gc_files.hpp"
#include "core/gc_rewrite.hpp"
#include "core/locate.hpp"
#include "core/lock.hpp"
#include "core/looking.hpp"
#include "core/lost_chunks.hpp"
#include "core/stat_cache.hpp"
#include "objects/record_fold.hpp"

namespace metamori {
namespace {

constexpr std::uint64_t kBatchBytes = 256ULL << 20;  ///< copied before the packs that it was in go: what a run needs of free space
constexpr double kNsPerSecond = 1e9;
constexpr int kMarkTries = 5;
// What makes a run worth while.
constexpr std::uint64_t kAutoTombstones = 32;
constexpr std::uint64_t kAutoPacks = 64;

Control limited(const GcOptions& options) {
  Control control = options.control;
  if (options.max_time_ms) control.time_limit_ms = options.max_time_ms;
  return control;
}

class Collection {
 public:
  Collection(Engine& engine, const GcOptions& options)
      : engine_(engine),
        options_(options),
        control_(limited(options)),
        meter_(engine.system, control_, engine.log->highest()),
        started_ns_(engine.system.monotonic_ns()) {}

  GcReport run() {
    count_packs(report_.packs_before, report_.bytes_before);
    if (options_.automatic && !is_worth_while()) {
      report_.was_needed = false;
      return finish();
    }
    if (options_.dry_run) return rehearse();
    lock();
    refuse_pending_restore(engine_, {});
    const std::shared_ptr<const StatCache> stats = StatCache::open(engine_);
    Fingerprints fingerprints(engine_);
    report_.temporaries_removed = clean_temporaries(engine_, is_alone_);
    report_.generation = raise();
    expire_safety();
    mark();
    rescue();
    release();
    rewrite();
    if (!was_cut_short_) report_.bytes_in_trash = empty_trash(engine_, deletes_at_once_);
    engine_.store->index().save();
    stats->carry_over(engine_, [&](const StreamRef& listing) { return mark_->is_live_listing(listing); });
    fingerprints.carry_over([&](const ChunkId& id) { return mark_->is_live(id); });
    note();
    return finish();
  }

 private:
  void count_packs(std::uint64_t& count, std::uint64_t& bytes) const {
    count = bytes = 0;
    for (const PackName& name : list_packs(engine_.system, engine_.dirs.packs.get())) {
      const std::string file = pack_file_name(name);
      const auto found = find_stat(engine_.system, engine_.dirs.packs.get(), file.c_str(), "packs/" + file);
      if (!found) continue;
      ++count;
      bytes += found->size_bytes;
    }
  }

  [[nodiscard]] std::uint64_t tombstone_count() const {
    const std::vector<RecordSummary>& all = engine_.log->summaries();
    return static_cast<std::uint64_t>(
        std::count_if(all.begin(), all.end(), [](const RecordSummary& record) { return record.kind == RecordKind::tombstone; }));
  }

  [[nodiscard]] bool is_worth_while() const {
    const GcNote last = read_gc_note(engine_);
    return tombstone_count() >= last.tombstones + kAutoTombstones || report_.packs_before >= last.packs + kAutoPacks;
  }

  void note() const {
    GcNote now;
    now.tombstones = tombstone_count();
    now.packs = list_packs(engine_.system, engine_.dirs.packs.get()).size();
    write_gc_note(engine_, now);
  }

  /// In the order in which a restore takes them: it holds the first while it reads what it is going to write.
  bool take_locks() {
    gc_lock_.reset();
    tree_lock_.reset();
    tree_lock_.emplace(engine_, kTreeLock, LockMode::exclusive, options_.control);
    gc_lock_.emplace(engine_, kGcLock, LockMode::exclusive, options_.control);
    return tree_lock_->held() && gc_lock_->held();
  }
  [[nodiscard]] bool lack_room() const { return tree_lock_->lacks_room() || gc_lock_->lacks_room(); }

  void lock() {
    bool is_held = take_locks();
    if (!is_held && lack_room()) {
      empty_cache(engine_, Notes::go);
      is_held = take_locks();
    }
    if (!is_held && lack_room() && !options_.now)
      throw Error(ErrorKind::no_space, "no space left for a lock, which is an empty file", {},
                  joined_path(engine_.repository_directory, "locks"));
    if (!is_held && !options_.now)
      throw Error(ErrorKind::refused, "files can't be locked here, so that it is not known whether somebody writes to the repository",
                  "if nobody does, and nobody will before it is done: 'metamori gc --now'", engine_.repository_directory);
    is_alone_ = options_.now || (is_held && is_on_local_disk(engine_, engine_.dirs.locks));
    deletes_at_once_ = is_alone_;
  }

  void expire_safety() {
    const std::vector<Position> expired = expired_safety(engine_);
    if (!expired.empty()) bury(engine_, expired);
    report_.safety_expired = expired.size();
  }

  /// A dry run keeps nobody out, nor do locks that are given to everybody: a record that was published meanwhile may need packs that came
  /// after the table was made.
  void mark() {
    for (int tries = 1;; ++tries) {
      try {
        mark_records();
        return;
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::corrupt || tries == kMarkTries || !packs_came()) throw;
      }
    }
  }

  [[nodiscard]] bool packs_came() const {
    std::set<PackName> known;
    if (!table_) return false;
    for (const GcTable::Pack& pack : table_->packs()) known.insert(pack.name);
    for (const Fd* directory : {&engine_.dirs.packs, &engine_.dirs.trash}) {
      if (!directory->is_open()) continue;
      for (const PackName& name : list_packs(engine_.system, directory->get()))
        if (!known.contains(name)) return true;
    }
    return false;
  }

  /// From all records: one that can't be read could need anything.
  void mark_records() {
    released_.clear();
    table_.emplace(engine_);
    mark_.emplace(*table_, read_lost_chunks(engine_));
    const std::uint64_t head = engine_.log->head().number;
    const std::uint64_t highest = engine_.log->highest();
    for (std::uint64_t number = 1; number <= highest; ++number) {
      meter_.check_stop();
      Record record = get_record(number);
      meter_.step();
      if (record.kind == RecordKind::move || std::find(expiring_.begin(), expiring_.end(), number) != expiring_.end()) continue;
      if (record.kind != RecordKind::tombstone) {
        mark_->add(engine_, record, meter_);
      } else if (record.content_held && number == head) {
        mark_->add(engine_, record, meter_);  // the next checkpoint starts from it
      } else if (record.content_held) {
        record.content_held = false;
        released_.emplace(number, std::move(record));
      }
    }
    report_.checkpoints_released = released_.size();
    GcPlanLimits limits;
    limits.bytes_to_copy = options_.max_repack_bytes;
    plan_ = plan_gc(*table_, *mark_, limits);
    report_.is_complete = !plan_.is_limited;
  }

  Record get_record(std::uint64_t number) {
    try {
      return engine_.log->get(number);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::bad_revision) throw;
      throw Error(ErrorKind::corrupt, "record " + std::to_string(number) + " is missing, so that it is not known what it needs",
                  "'metamori verify' tells what is damaged, 'metamori repair' mends what can be mended, and lets gc go on");
    }
  }

  /// What somebody who could not be locked out came to need after it was moved away.
  void rescue() {
    std::vector<PackName> needed;
    for (std::uint32_t chunk = 0; chunk < table_->chunk_count(); ++chunk) {
      const GcTable::Pack& pack = table_->packs()[table_->home(chunk).pack];
      if (plan_.is_needed[chunk] && pack.in_trash) needed.push_back(pack.name);
    }
    std::sort(needed.begin(), needed.end());
    needed.erase(std::unique(needed.begin(), needed.end()), needed.end());
    bring_back_from_trash(engine_, needed);
  }

  /// References before what they refer to.
  void release() {
    try {
      report_.records_folded = fold_records(engine_.system, engine_.dirs.checkpoints.get(), engine_.dirs.tmp.get(), released_).records;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::no_space) throw;  // one by one takes less room
    }
    std::vector<Record> left;
    for (auto& [number, record] : released_) left.push_back(std::move(record));
    replace_in_little_room(engine_, left, Notes::go);
  }

  /// On a full disk what is in the cache makes room: it can be made again.
  std::uint64_t raise() {
    try {
      return raise_generation(engine_);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::no_space) throw;
    }
    empty_cache(engine_, Notes::go);
    return raise_generation(engine_);
  }

  void rewrite() {
    drop_unread();
    if (rewrite_in_batches(kBatchBytes)) return;
    // What the cache gives is room for the rest of one pack, most often, and what goes with that pack for the rest of the next.
    empty_cache(engine_, Notes::go);
    if (rewrite_in_batches(0)) return;
    if (!any_went_)
      throw Error(ErrorKind::no_space, "no space left for what has to be copied before anything can be deleted", {},
                  joined_path(engine_.repository_directory, "packs"));
    cut_short();
  }

  /// What nothing is read from goes first: on a full disk there is no room for anything else.
  void drop_unread() {
    std::vector<PackName> batch;
    for (const std::uint32_t pack : plan_.victims)
      if (!plan_.is_read[pack]) batch.push_back(table_->packs()[pack].name);
    drop(batch);
  }

  /// False if there was not even room for the first batch. What was written and dropped before there was none counts, what was not
  /// published is dropped.
  bool rewrite_in_batches(std::uint64_t batch_bytes) {
    GcRewriter rewriter(engine_, *table_, *mark_, plan_, meter_);
    std::vector<PackName> batch;
    bool is_begun = false;
    const auto publish_and_drop = [&] {
      rewriter.flush();
      // What was written may be a pack that was there, byte for byte.
      std::erase_if(batch, [&](const PackName& name) { return rewriter.was_published(name); });
      is_begun = true;
      drop(batch);
    };
    try {
      rewriter.encode_broken();
      for (const std::uint32_t pack : plan_.victims) {
        if (!plan_.is_read[pack]) continue;
        rewriter.copy_pack(pack);
        batch.push_back(table_->packs()[pack].name);
        if (rewriter.bytes_waiting() >= batch_bytes) publish_and_drop();
      }
      publish_and_drop();
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::timed_out && error.kind() != ErrorKind::no_space) throw;
      if (error.kind() == ErrorKind::no_space && !is_begun) return false;
      cut_short();
    }
    report_.bytes_copied += rewriter.bytes_written();
    return true;
  }

  void cut_short() {
    report_.is_complete = false;
    was_cut_short_ = true;
  }

  void drop(std::vector<PackName>& batch) {
    any_went_ = any_went_ || !batch.empty();
    move_to_trash(engine_, batch);
    if (deletes_at_once_) empty_trash(engine_, true);
    batch.clear();
  }

  GcReport rehearse() {
    for (const Position& position : expired_safety(engine_)) expiring_.push_back(position.number);
    report_.safety_expired = expiring_.size();
    mark();
    report_.generation = engine_.log->gc_generation();
    report_.bytes_copied = plan_.bytes_to_copy;
    GcReport report = finish();
    report.bytes_after = report.bytes_before > plan_.bytes_to_free ? report.bytes_before - plan_.bytes_to_free : 0;
    report.packs_after = report.packs_before - plan_.victims.size() + (plan_.bytes_to_copy > 0 ? 1 : 0);
    return report;
  }

  GcReport finish() {
    count_packs(report_.packs_after, report_.bytes_after);
    report_.seconds = static_cast<double>(engine_.system.monotonic_ns() - started_ns_) / kNsPerSecond;
    return report_;
  }

  Engine& engine_;
  const GcOptions& options_;
  Control control_;
  LookMeter meter_;
  std::int64_t started_ns_;
  std::optional<Lock> tree_lock_, gc_lock_;
  bool is_alone_ = false;
  bool deletes_at_once_ = false;
  bool was_cut_short_ = false;
  bool any_went_ = false;
  std::optional<GcTable> table_;
  std::optional<GcMark> mark_;
  GcPlan plan_;
  std::map<std::uint64_t, Record> released_;
  std::vector<std::uint64_t> expiring_;
  GcReport report_;
};

}  // namespace

GcReport collect_garbage(Engine& engine, const GcOptions& options) {
  if (!options.dry_run) require_writable(engine);
  return Collection(engine, options).run();
}

}  // namespace metamori
