// Copying checkpoints, in groups: content into packs, packs durable, and only then the records, parents first. A group is one try of the
// checkpoint protocol (docs/design.md) for several records: if the target's gc ran meanwhile, it is tried again.

#include "core/copy.hpp"

#include <algorithm>
#include <optional>

#include "base/worker_pool.hpp"
#include "core/content_check.hpp"
#include "core/copy_chunks.hpp"
#include "core/copy_count.hpp"
#include "core/copy_records.hpp"
#include "core/copy_walk.hpp"
#include "core/describe.hpp"
#include "core/lock.hpp"
#include "core/looking.hpp"
#include "core/repository_impl.hpp"
#include "core/restore_meter.hpp"

namespace metamori {
namespace {

constexpr std::uint64_t kGroupBytes = 256ULL << 20;  ///< carried until the records are published
constexpr std::size_t kGroupRecords = 64;
constexpr std::size_t kAncestorsMax = 10'000;  ///< looked at for one whose content is there

void refuse_same(Engine& source, Engine& target) {
  const FileStat from = stat_of(source.system, source.dirs.top.get(), source.repository_directory);
  const FileStat to = stat_of(target.system, target.dirs.top.get(), target.repository_directory);
  if (from.device == to.device && from.inode == to.inode)
    throw Error(ErrorKind::usage, quoted(source.repository_directory) + " can't be copied to itself", {}, source.repository_directory);
}

std::string counted(std::size_t count) { return std::to_string(count) + (count == 1 ? " checkpoint" : " checkpoints"); }

/// Nodes of trees that are in the target, or on their way there: from wherever they can be had.
class EitherSource final : public ChunkSource {
 public:
  EitherSource(ChunkSource& first, ChunkSource& second) : first_(first), second_(second) {}
  void read(const ChunkId& id, Bytes& out) override {
    try {
      first_.read(id, out);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::corrupt) throw;
      second_.read(id, out);
    }
  }

 private:
  ChunkSource& first_;
  ChunkSource& second_;
};

class Copying {
 public:
  Copying(Engine& source, Engine& target, const CopyOptions& options)
      : source_(source),
        target_(target),
        options_(options),
        meter_(source.system, options.control, "copy"),
        pool_(restore_job_count(options.control)),
        records_(source, target) {
    for (const RecordSummary& record : source.log->summaries()) {
      if (record.kind == RecordKind::move) continue;
      auto& parents = parents_[record.number];
      for (const Position& parent : record.parents) parents.push_back(parent);
    }
  }

  CopyReport run() {
    look_again(target_.log->gc_generation());
    plan();
    std::size_t at = 0;
    while (at < items_.size()) at = options_.dry_run ? count_group(at) : copy_group(at);
    report_.tags_left.assign(records_.taken_tags().begin(), records_.taken_tags().end());
    if (!options_.dry_run) {
      report_.bytes_read = meter_.bytes();
      target_.store->index().save();
    }
    report_.seconds = meter_.seconds();
    if (failure_)
      throw Error(ErrorKind::corrupt,
                  counted(failed_) + " of " + quoted(source_.repository_directory) + " could not be copied: " + failure_->what(),
                  "the others, if there are any, were; 'metamori verify' tells which checkpoints are affected", failure_->path());
    return std::move(report_);
  }

 private:
  struct Item {
    CopySource from;
    std::size_t report_place = 0;  ///< of one that is asked for
    bool has_failed = false;
  };
  struct Ready {
    std::size_t item = 0;
    Record record;
    bool is_held = false;
  };

  /// What there is to do; what is there already is reported at once.
  void plan() {
    const auto is_there = [&](const CheckpointId& id) { return records_.state_of(id) != CopyRecords::State::absent; };
    Describer describer(source_);
    for (const CopySource& from : list_copied(source_, options_.revisions, is_there)) {
      meter_.check_stop();
      const CopyRecords::State state = records_.state_of(from.id);
      if (!from.is_asked) {
        if (state == CopyRecords::State::absent) items_.push_back({from, 0, false});
        continue;
      }
      CopiedCheckpoint asked;
      asked.number = records_.position_of(from.id).number;
      if (state == CopyRecords::State::live) asked.found = CopyFound::whole;
      if (state == CopyRecords::State::forgotten) asked.found = CopyFound::forgotten;
      const bool is_needed = asked.found == CopyFound::nothing || (asked.found == CopyFound::forgotten && !options_.revisions.empty());
      // What is there already is not looked into again, however many there are.
      asked.source = state == CopyRecords::State::live ? in_short(from) : describer.describe({from.number, from.id}, false);
      report_.checkpoints.push_back(std::move(asked));
      if (is_needed) {
        items_.push_back({from, report_.checkpoints.size() - 1, false});
      } else if (state == CopyRecords::State::live && !options_.dry_run) {
        records_.copy_tags(from.id);
      }
    }
    if (options_.revisions.empty()) note_damaged();
    meter_.begin(items_.size());
  }

  CheckpointInfo in_short(const CopySource& from) const {
    CheckpointInfo info;
    info.id = from.id;
    info.number = from.number;
    for (const Position& parent : parents_.at(from.number)) {
      info.parents.push_back(parent.id);
      info.parent_numbers.push_back(parent.number);
    }
    return info;
  }

  /// What can't be read could be a checkpoint.
  void note_damaged() {
    for (const std::uint64_t number : damaged_records(source_)) {
      try {
        source_.log->get(number);
      } catch (const Error& error) {
        ++failed_;
        if (!failure_) failure_ = error;
      }
    }
  }

  /// The root of a tree that is there, or on its way, and like that of `number`: of the nearest ancestor; else of the checkpoint before, or
  /// of the target's newest.
  std::optional<ChunkId> base_of(std::uint64_t number) {
    std::vector<Position> open = parents_[number];
    for (std::size_t looked = 0; !open.empty() && looked < kAncestorsMax; ++looked) {
      const Position position = open.back();
      open.pop_back();
      if (const auto root = complete_.find(position.number); root != complete_.end()) return root->second;
      if (records_.state_of(position.id) == CopyRecords::State::live)
        if (const auto root = find_content_root(target_, records_.position_of(position.id))) return root;
      const auto above = parents_.find(position.number);
      if (above != parents_.end()) open.insert(open.end(), above->second.begin(), above->second.end());
    }
    return last_root_ ? last_root_ : newest_root_;
  }

  void walk(CopyWalk& walk, const Record& record) {
    const CheckpointRecord content = decode_checkpoint_record(record.blob, "checkpoints/" + std::to_string(record.number));
    const auto base = base_of(record.number);
    walk.walk_root(content.root, base ? &*base : nullptr);
    for (const StreamRef* stream : {&content.rules, &content.verdicts, &content.scope}) walk.walk_stream(*stream);
  }

  /// What was there may have been forgotten, and its content given back.
  void look_again(std::uint64_t generation) {
    generation_ = generation;
    complete_.clear();
    last_root_.reset();
    records_.look_at_target();
    newest_root_ = records_.newest_root();
  }

  void settle_root(const Record& record) {
    const ChunkId root = decode_checkpoint_record(record.blob, "checkpoints/" + std::to_string(record.number)).root;
    complete_[record.number] = root;
    last_root_ = root;
  }

  /// Remembers what is wrong with an item, unless it was forgotten in the source while it was to be copied.
  void fail(Item& item, const Error& error) {
    item.has_failed = true;
    if (item.from.is_asked && options_.revisions.empty() && was_forgotten(item)) return;
    ++failed_;
    if (!failure_) failure_ = error;
  }
  bool was_forgotten(const Item& item) {
    try {
      return source_.log->get(item.from.number).kind == RecordKind::tombstone;
    } catch (const Error&) {
      return false;
    }
  }

  /// Content and record of one. Nothing if it can't be read.
  template <class Carry>
  std::optional<Ready> prepare(std::size_t at, CopyWalk& walk_over, Carry carry) {
    Item& item = items_[at];
    try {
      Ready ready{at, source_.log->get(item.from.number), false};
      ready.is_held = item.from.is_asked && ready.record.kind == RecordKind::checkpoint;
      if (ready.record.id() != item.from.id || (item.from.is_asked && !ready.is_held))
        throw Error(ErrorKind::corrupt, "checkpoint " + std::to_string(item.from.number) + " is no longer what it was");
      if (ready.is_held) {
        walk(walk_over, ready.record);
        carry();
        settle_root(ready.record);
      }
      return ready;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::corrupt && error.kind() != ErrorKind::bad_revision) throw;
      fail(item, error);
      walk_over.forget_walked();
      return std::nullopt;
    }
  }

  /// Copies items from `begin` on. Returns where to go on.
  std::size_t copy_group(std::size_t begin) {
    const Lock shared = take_writer_lock(target_, options_.control);
    refuse_pending_restore(target_, options_.control);
    const std::uint64_t generation = target_.log->gc_generation();
    if (generation != generation_) look_again(generation);
    ChunkSession session(*target_.store);
    ChunkCarrier carrier(*source_.store, session, pool_, meter_);
    EitherSource there(session, *source_.store);
    CopyWalk walk_over(*source_.store, there);
    std::uint64_t flushed_bytes = 0;
    const auto flush = [&] {
      session.flush();
      flushed_bytes = carrier.bytes_carried();
    };
    walk_over.check_stop = [&] { meter_.check_stop(); };
    walk_over.want = [&](const ChunkId& id) {
      carrier.want(id);
      // What is in packs serves the next run, too, if this one is cut short.
      if (carrier.bytes_carried() - flushed_bytes >= kGroupBytes) flush();
    };
    std::vector<Ready> ready;
    std::size_t at = begin;
    try {
      while (at < items_.size() && ready.size() < kGroupRecords && carrier.bytes_carried() < kGroupBytes) {
        meter_.check_stop();
        if (auto next = prepare(at, walk_over, [&] { carrier.carry(); })) ready.push_back(std::move(*next));
        carrier.drop();
        ++at;
      }
      flush();
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::interrupted || error.kind() == ErrorKind::timed_out) session.flush();
      throw;
    }
    report_.bytes_added += session.totals().pack_bytes;
    report_.chunks_copied += carrier.chunks();
    refuse_pending_restore(target_, options_.control);
    if (!session.packs_still_present() || target_.log->gc_generation() != generation) {
      look_again(generation);
      return begin;
    }
    publish(ready, session, generation);
    return at;
  }

  void publish(const std::vector<Ready>& group, ChunkSession& session, std::uint64_t generation) {
    CopyRecords::Content content;
    content.gc_generation = generation;
    content.packs = session.published();
    std::vector<Record> published;
    for (const Ready& ready : group) {
      Item& item = items_[ready.item];
      content.is_held = ready.is_held;
      try {
        published.push_back(records_.publish(ready.record, content));
      } catch (const Error& error) {
        // An ancestor that could not be read is missed here.
        if (error.kind() != ErrorKind::corrupt) throw;
        fail(item, error);
        complete_.erase(item.from.number);
        last_root_.reset();
        continue;
      }
      if (ready.is_held) content.packs.clear();  // they count once
      if (item.from.is_asked) {
        CopiedCheckpoint& copied = report_.checkpoints[item.report_place];
        copied.number = published.back().number;
        copied.is_copied = true;
        ++report_.copied;
      } else {
        ++report_.ancestors;
      }
      meter_.add_file();
    }
    if (session.packs_still_present() && target_.log->gc_generation() == generation) return;
    for (const Record& record : published)
      if (record.kind == RecordKind::checkpoint) settle_published(target_, session, record, generation);
  }

  /// The same without writing anything.
  std::size_t count_group(std::size_t begin) {
    CopyCount count(source_, target_);
    EitherSource there(*target_.store, *source_.store);
    CopyWalk walk_over(*source_.store, there);
    walk_over.check_stop = [&] { meter_.check_stop(); };
    walk_over.want = [&](const ChunkId& id) { count.want(id); };
    for (std::size_t at = begin; at < items_.size(); ++at) {
      meter_.check_stop();
      if (!prepare(at, walk_over, [] {})) continue;
      if (items_[at].from.is_asked) {
        report_.checkpoints[items_[at].report_place].is_copied = true;
        ++report_.copied;
      } else {
        ++report_.ancestors;
      }
      meter_.add_file();
    }
    report_.chunks_copied = count.chunks();
    report_.bytes_read = report_.bytes_added = count.bytes();
    return items_.size();
  }

  Engine& source_;
  Engine& target_;
  const CopyOptions& options_;
  TransferMeter meter_;
  WorkerPool pool_;
  CopyRecords records_;
  std::unordered_map<std::uint64_t, std::vector<Position>> parents_;  ///< in the source
  std::vector<Item> items_;
  std::unordered_map<std::uint64_t, ChunkId> complete_;  ///< roots of what was copied so far, by number in the source
  std::optional<ChunkId> last_root_, newest_root_;
  std::uint64_t generation_ = 0;  ///< of the target, when what is known of it was looked at
  std::optional<Error> failure_;
  std::size_t failed_ = 0;
  CopyReport report_;
};

}  // namespace

CopyReport copy_checkpoints(Engine& source, Engine& target, const CopyOptions& options) {
  refuse_same(source, target);
  if (!options.dry_run) require_writable(target);
  return Copying(source, target, options).run();
}

CopyReport copy(Repository& source, Repository& target, const CopyOptions& options) {
  return copy_checkpoints(source.impl().engine(), target.impl().engine(), options);
}

}  // namespace metamori
