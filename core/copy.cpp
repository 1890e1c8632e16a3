// Copying checkpoints, in groups: content into packs, packs durable, and only then the records, parents first. A group is one try of the
// checkpoint protocol (docs/design.md) for several records: if the target's gc ran meanwhile, it is tried again.

#include "core/copy.hpp"

#include <algorithm>
#include <optional>

#include "base/worker_pool.hpp"
#include "core/content_check.hpp"
#include "core/copy_bases.hpp"
#include "core/copy_chunks.hpp"
#include "core/copy_count.hpp"
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
        records_(source, target),
        bases_(source, target, records_) {}

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
    for (const Item& item : items_)
      if (item.failure) failures_.push_back(*item.failure);
    if (!failures_.empty())
      throw Error(
          ErrorKind::corrupt,
          counted(failures_.size()) + " of " + quoted(source_.repository_directory) + " could not be copied: " + failures_[0].what(),
          "the others, if there are any, were; 'metamori verify' tells which checkpoints are affected", failures_[0].path());
    return std::move(report_);
  }

 private:
  struct Item {
    CopySource from;
    std::size_t report_place = 0;  ///< of one that is asked for
    std::optional<Error> failure;
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
        if (state == CopyRecords::State::absent) items_.push_back({from, 0, {}});
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
        items_.push_back({from, report_.checkpoints.size() - 1, {}});
      } else if (state == CopyRecords::State::live && !options_.dry_run) {
        records_.copy_tags(from.id);
      }
    }
    if (options_.revisions.empty()) note_damaged();
    meter_.begin(Phase::store, items_.size(), 0);
  }

  CheckpointInfo in_short(const CopySource& from) const {
    CheckpointInfo info;
    info.id = from.id;
    info.number = from.number;
    for (const Position& parent : bases_.parents_of(from.number)) {
      info.parents.push_back(parent.id);
      info.parent_numbers.push_back(parent.number);
    }
    return info;
  }

  /// What can't be read could be a checkpoint.
  void note_damaged() {
    for (const std::uint64_t number : source_.log->damaged()) {
      try {
        source_.log->get(number);
      } catch (const Error& error) {
        failures_.push_back(error);
      }
    }
  }

  /// Returns its root.
  ChunkId walk(CopyWalk& walk, const Record& record) {
    const CheckpointRecord content = decode_checkpoint_record(record.blob, "checkpoints/" + std::to_string(record.number));
    const auto base = bases_.base_of(record.number);
    walk.walk_root(content.root, base ? &*base : nullptr);
    for (const StreamRef* stream : {&content.rules, &content.verdicts, &content.scope}) walk.walk_stream(*stream);
    return content.root;
  }

  void look_again(std::uint64_t generation) {
    generation_ = generation;
    records_.look_at_target();
    bases_.look_again();
  }

  /// Remembers what is wrong with an item, unless it was forgotten in the source while it was to be copied.
  void fail(Item& item, const Error& error) {
    if (!(item.from.is_asked && options_.revisions.empty() && was_forgotten(item))) item.failure = error;
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
    item.failure.reset();  // of an earlier try
    try {
      Ready ready{at, source_.log->get(item.from.number), false};
      ready.is_held = item.from.is_asked && ready.record.kind == RecordKind::checkpoint;
      if (ready.record.id() != item.from.id || (item.from.is_asked && !ready.is_held))
        throw Error(ErrorKind::corrupt, "checkpoint " + std::to_string(item.from.number) + " is no longer what it was");
      if (ready.is_held) {
        const ChunkId root = walk(walk_over, ready.record);
        carry();
        bases_.add(ready.record.number, root);
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
        bases_.drop(item.from.number);
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
  CopyBases bases_;
  std::vector<Item> items_;
  std::uint64_t generation_ = 0;  ///< of the target, when what is known of it was looked at
  std::vector<Error> failures_;
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
