// Forgetting: a record is replaced, as a whole and synced, by a tombstone that keeps number, git objects and, until gc, the content. So
// ancestry never breaks, and undo brings back what was there.

#include "core/forget.hpp"

#include <algorithm>
#include <numeric>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "core/content_check.hpp"
#include "core/describe.hpp"
#include "core/forget_note.hpp"
#include "core/forget_size.hpp"
#include "core/gc_files.hpp"
#include "core/lock.hpp"
#include "core/looking.hpp"
#include "core/retention.hpp"

namespace metamori {
namespace {

constexpr std::size_t kUnlimited = ~std::size_t{0};

ForgetItem item_of(const RecordSummary& summary) {
  ForgetItem item;
  item.id = summary.id;
  item.number = summary.number;
  item.time = {summary.time_seconds, 0};
  item.is_safety = summary.kind == RecordKind::safety;
  return item;
}

class Forgetting {
 public:
  Forgetting(Engine& engine, const ForgetOptions& options)
      : engine_(engine), options_(options), head_(engine.log->head()), now_(engine.system.now().seconds) {
    for (const RecordSummary& summary : engine.log->summaries())
      if (summary.kind == RecordKind::checkpoint || summary.kind == RecordKind::safety) known_.push_back(summary);
    const std::vector<std::uint64_t> pins = engine.log->pins();
    pins_ = {pins.begin(), pins.end()};
    for (const Tag& tag : engine.log->tags()) tags_[tag.target.number].push_back(tag.name);
  }

  ForgetReport run() {
    if (options_.revisions.empty())
      plan_by_policy();
    else
      plan_named();
    refuse_losing_all();
    for (ForgetItem& item : report_.items) {
      if (const auto tags = tags_.find(item.number); tags != tags_.end()) item.tags = tags->second;
      ++(item.is_kept ? report_.kept : report_.forgotten);
    }
    std::sort(report_.items.begin(), report_.items.end(), [](const auto& a, const auto& b) { return a.number > b.number; });
    return std::move(report_);
  }

 private:
  /// Each revision is resolved before anything is done, so that a wrong one leaves everything as it is.
  void plan_named() {
    std::set<std::uint64_t> numbers;
    for (const std::string& revision : options_.revisions)
      for (const Position& position : resolve_each(revision)) numbers.insert(position.number);
    for (const std::uint64_t number : numbers) {
      const RecordSummary* const known = find_known(number);
      if (known == nullptr) throw Error(ErrorKind::bad_revision, "checkpoint " + std::to_string(number) + " was forgotten already");
      if (pins_.contains(number))
        throw Error(ErrorKind::refused, "checkpoint " + std::to_string(number) + " is pinned",
                    "take the pin away with: metamori pin --remove " + std::to_string(number));
      if (number == head_.number && !options_.force)
        throw Error(ErrorKind::refused,
                    "checkpoint " + std::to_string(number) + " is HEAD: the tree was last captured as it, or restored to it",
                    "to forget it all the same, add --force");
      ForgetItem item = item_of(*known);
      item.is_kept = false;
      item.reasons = {"named"};
      report_.items.push_back(std::move(item));
    }
  }

  std::vector<Position> resolve_each(const std::string& revision) {
    const std::size_t dots = revision.find("..");
    if (dots == std::string::npos || revision.starts_with(":/")) return {engine_.history->resolve(revision)};
    const auto end = [&](const std::string& text) { return engine_.history->resolve(text.empty() ? "HEAD" : text); };
    const Position without = end(revision.substr(0, dots));
    std::vector<Position> result = engine_.history->walk({end(revision.substr(dots + 2))}, kUnlimited);
    std::unordered_set<std::uint64_t> excluded;
    for (const Position& position : engine_.history->walk({without}, kUnlimited)) excluded.insert(position.number);
    std::erase_if(result, [&](const Position& position) { return excluded.contains(position.number); });
    if (result.empty()) throw Error(ErrorKind::bad_revision, quoted(revision) + " names no checkpoint");
    return result;
  }

  void plan_by_policy() {
    std::vector<RetentionCandidate> candidates;
    for (const RecordSummary& summary : known_)
      if (summary.kind == RecordKind::checkpoint) candidates.push_back(candidate_of(summary));
    std::vector<std::vector<std::string>> reasons = reasons_to_keep(candidates, options_.keep, now_);
    if (options_.keep.max_size_bytes) drop_what_does_not_fit(candidates, reasons);
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      ForgetItem item = item_of(*find_known(candidates[i].number));
      item.is_kept = !reasons[i].empty() && reasons[i] != std::vector<std::string>{kTooLarge};
      item.reasons = reasons[i].empty() ? std::vector<std::string>{"no rule keeps it"} : std::move(reasons[i]);
      report_.items.push_back(std::move(item));
    }
    for (const Position& position : expired_safety(engine_)) {
      ForgetItem item = item_of(*find_known(position.number));
      item.is_kept = false;
      item.reasons = {"an old safety checkpoint"};
      report_.items.push_back(std::move(item));
    }
  }

  RetentionCandidate candidate_of(const RecordSummary& summary) {
    RetentionCandidate candidate;
    candidate.number = summary.number;
    candidate.time_seconds = summary.time_seconds;
    candidate.is_pinned = pins_.contains(summary.number);
    candidate.is_head = summary.number == head_.number;
    if (const auto tags = tags_.find(summary.number); tags != tags_.end()) candidate.tags = tags->second;
    // Metadata stand in the records themselves, which are not read unless they are asked for.
    if (!options_.keep.metadata.empty())
      candidate.metadata = split_trailers(get_checkpoint(engine_, {summary.number, summary.id}).commit.message).trailers;
    return candidate;
  }

  /// What is pinned, and HEAD, stays whatever it takes; of the others what thinning would drop last is kept first, as far as it fits.
  void drop_what_does_not_fit(const std::vector<RetentionCandidate>& candidates, std::vector<std::vector<std::string>>& reasons) {
    std::vector<std::size_t> order = thinning_order(candidates, now_);
    std::reverse(order.begin(), order.end());
    std::erase_if(order, [&](std::size_t index) { return reasons[index].empty(); });
    const auto must_stay = [&](std::size_t index) { return candidates[index].is_head || candidates[index].is_pinned; };
    std::stable_partition(order.begin(), order.end(), must_stay);
    std::vector<Position> positions;
    for (const std::size_t index : order) positions.push_back(position_of(candidates[index].number));
    const std::vector<std::uint64_t> needed = bytes_needed_in_order(engine_, positions, options_.control);
    std::uint64_t total = 0;
    bool fits = true;
    for (std::size_t i = 0; i < order.size(); ++i) {
      fits = fits && total + needed[i] <= *options_.keep.max_size_bytes;
      if (fits || must_stay(order[i])) {
        total += needed[i];
      } else {
        reasons[order[i]] = {kTooLarge};
      }
    }
    report_.bytes = total;
  }

  [[nodiscard]] const RecordSummary* find_known(std::uint64_t number) const {
    const auto found = std::lower_bound(known_.begin(), known_.end(), number,
                                        [](const RecordSummary& summary, std::uint64_t n) { return summary.number < n; });
    return found != known_.end() && found->number == number ? &*found : nullptr;
  }
  [[nodiscard]] Position position_of(std::uint64_t number) const { return {number, find_known(number)->id}; }

  void refuse_losing_all() const {
    std::size_t there = 0;
    for (const RecordSummary& summary : known_) there += summary.kind == RecordKind::checkpoint ? 1 : 0;
    const auto going = static_cast<std::size_t>(
        std::count_if(report_.items.begin(), report_.items.end(), [](const ForgetItem& item) { return !item.is_kept && !item.is_safety; }));
    if (going > 0 && going == there && !options_.force)
      throw Error(ErrorKind::refused, "no checkpoint would be left", "to forget the last one, too, add --force");
  }

  static constexpr const char* kTooLarge = "over the size";
  Engine& engine_;
  const ForgetOptions& options_;
  Position head_;
  std::int64_t now_;
  std::vector<RecordSummary> known_;  ///< ascending; checkpoints and safety checkpoints
  std::unordered_set<std::uint64_t> pins_;
  std::unordered_map<std::uint64_t, std::vector<std::string>> tags_;
  ForgetReport report_;
};

/// With what gc would free: what those that go need, and none of those that stay.
ForgetReport rehearse(Engine& engine, const ForgetOptions& options) {
  ForgetReport report = Forgetting(engine, options).run();
  std::unordered_set<std::uint64_t> going;
  for (const ForgetItem& item : report.items)
    if (!item.is_kept) going.insert(item.number);
  std::vector<Position> order, last;
  for (const RecordSummary& summary : engine.log->summaries())
    if (summary.kind == RecordKind::checkpoint || summary.kind == RecordKind::safety)
      (going.contains(summary.number) ? last : order).push_back({summary.number, summary.id});
  const std::size_t staying = order.size();
  order.insert(order.end(), last.begin(), last.end());
  const std::vector<std::uint64_t> needed = bytes_needed_in_order(engine, order, options.control);
  const auto middle = needed.begin() + static_cast<std::ptrdiff_t>(staying);
  report.bytes = std::accumulate(needed.begin(), middle, std::uint64_t{0});
  report.bytes_freed = std::accumulate(middle, needed.end(), std::uint64_t{0});
  return report;
}

/// The names that only its record gives a checkpoint, which its tombstone can't hold.
void keep_tags(Engine& engine, const Record& record) {
  const Position position{record.number, record.id()};
  for (const std::string& name : record.tags)
    if (engine.log->find_tag(name) == position) engine.log->set_tag(name, position);
}

/// The record that a tombstone was made of, as far as it is needed: its packs and the names it gave itself are not.
Record revived(Engine& engine, const Record& tombstone) {
  Record record = tombstone;
  record.kind = RecordKind::checkpoint;
  for (const RecordSummary& summary : engine.log->summaries())
    if (summary.number == tombstone.number) record.parents = summary.parents;
  // One that was copied here left HEAD where it was.
  const bool moved_head = record.head_after == Position{record.number, record.id()};
  record.head_before = !moved_head ? record.head_after : record.parents.empty() ? Position{} : record.parents.front();
  record.gc_generation = engine.log->gc_generation();
  return record;
}

/// The tombstones that the last forget made, ascending; empty if none of them can be brought back.
std::vector<Record> last_forgotten(Engine& engine, const std::optional<ForgetNote>& note) {
  std::vector<Record> result;
  if (note && !note->is_undone) {
    for (const std::uint64_t number : note->numbers) result.push_back(engine.log->get(number));
    std::erase_if(result, [](const Record& record) {
      return record.kind != RecordKind::tombstone || record.tomb_reason != TombReason::forgotten || record.line.empty();
    });
    return result;
  }
  for (const RecordSummary& summary : engine.log->summaries()) {
    if (summary.kind != RecordKind::tombstone) continue;
    Record record = engine.log->get(summary.number);
    if (record.tomb_reason != TombReason::forgotten || record.line.empty() || !record.content_held) continue;
    if (!result.empty() && result.front().tomb_time < record.tomb_time) result.clear();
    if (result.empty() || result.front().tomb_time == record.tomb_time) result.push_back(std::move(record));
  }
  return result;
}

ForgetReport forget_again(Engine& engine, ForgetNote note, bool dry_run) {
  std::vector<Position> checkpoints;
  ForgetReport report;
  for (const RecordSummary& summary : engine.log->summaries()) {
    if (summary.kind != RecordKind::checkpoint || !std::binary_search(note.numbers.begin(), note.numbers.end(), summary.number)) continue;
    checkpoints.push_back({summary.number, summary.id});
    ForgetItem item = item_of(summary);
    item.is_kept = false;
    item.reasons = {"forgotten before"};
    report.items.insert(report.items.begin(), std::move(item));
  }
  if (checkpoints.empty()) throw Error(ErrorKind::bad_revision, "undo: there is no forget to do again");
  report.forgotten = checkpoints.size();
  if (dry_run) return report;
  note.time_seconds = bury(engine, checkpoints);
  note.is_undone = false;
  note.highest = engine.log->highest();
  write_forget_note(engine, note);
  return report;
}

/// What was forgotten is looked for before it is told to be there, and again if gc ran meanwhile.
void revive(Engine& engine, const std::vector<Record>& tombstones) {
  const std::uint64_t generation = engine.log->gc_generation();
  std::vector<Record> records;
  const auto check = [&](const char* hint) {
    ContentCheck content(engine);
    for (const Record& record : records)
      if (const auto missing = content.find_missing(record))
        throw Error(ErrorKind::refused, "checkpoint " + std::to_string(record.number) + " can't be brought back: " + *missing, hint);
  };
  for (const Record& tombstone : tombstones) records.push_back(revived(engine, tombstone));
  check("its content is gone");
  engine.log->replace_each(records);
  if (engine.log->gc_generation() == generation) return;
  try {
    check("gc ran at the same time");
  } catch (const Error&) {
    engine.log->replace_each(tombstones);
    throw;
  }
}

}  // namespace

Record tombstone_of(const Record& checkpoint, std::int64_t time_seconds) {
  Record tombstone;
  tombstone.kind = RecordKind::tombstone;
  tombstone.number = checkpoint.number;
  tombstone.blob = checkpoint.blob;
  tombstone.tree = checkpoint.tree;
  tombstone.commit = checkpoint.commit;
  tombstone.head_after = checkpoint.kind == RecordKind::safety ? Position{checkpoint.number, checkpoint.id()} : checkpoint.head_after;
  tombstone.line = checkpoint.kind == RecordKind::safety ? std::string() : checkpoint.line;
  tombstone.tomb_reason = TombReason::forgotten;
  tombstone.content_held = true;
  tombstone.tomb_time = time_seconds;
  return tombstone;
}

std::int64_t bury(Engine& engine, const std::vector<Position>& checkpoints) {
  // Later than all that undo could mean instead, also if the clock was set back.
  std::int64_t time = engine.system.now().seconds;
  if (const auto last = read_forget_note(engine)) time = std::max(time, last->time_seconds + 1);
  for (const RecordSummary& summary : engine.log->summaries())
    if (summary.kind == RecordKind::safety) time = std::max(time, summary.time_seconds);
  std::vector<Record> tombstones;
  for (const Position& position : checkpoints) {
    const Record record = engine.log->get(position.number);
    if (record.kind != RecordKind::checkpoint && record.kind != RecordKind::safety) continue;
    keep_tags(engine, record);
    tombstones.push_back(tombstone_of(record, time));
  }
  replace_in_little_room(engine, tombstones, Notes::stay);
  return time;
}

std::vector<Position> expired_safety(Engine& engine) {
  std::vector<Position> result;
  const std::vector<RecordSummary>& all = engine.log->summaries();
  const std::int64_t now = engine.system.now().seconds;
  std::int64_t newest = 0;
  for (const RecordSummary& summary : all)
    if (summary.time_seconds <= now) newest = std::max(newest, summary.time_seconds);
  std::vector<std::uint64_t> pins = engine.log->pins();
  std::size_t newer = 0;
  for (auto summary = all.rbegin(); summary != all.rend(); ++summary) {
    if (summary->kind != RecordKind::safety) continue;
    if (safety_has_expired(newer++, newest - summary->time_seconds) && !std::binary_search(pins.begin(), pins.end(), summary->number))
      result.push_back({summary->number, summary->id});
  }
  return result;
}

ForgetReport forget(Engine& engine, const ForgetOptions& options) {
  if (options.revisions.empty() && options.keep.empty())
    throw Error(ErrorKind::usage, "what is to be forgotten? Name checkpoints, or say what to keep",
                "such as: metamori forget --keep-daily 14 -n");
  if (!options.revisions.empty() && !options.keep.empty())
    throw Error(ErrorKind::usage, "checkpoints are named, or rules say what to keep: not both");
  if (options.dry_run) return rehearse(engine, options);
  require_writable(engine);
  const Lock shared = take_writer_lock(engine, options.control);
  ForgetReport report = Forgetting(engine, options).run();
  std::vector<Position> going;
  ForgetNote note;
  for (const ForgetItem& item : report.items) {
    if (item.is_kept) continue;
    going.push_back({item.number, item.id});
    if (!item.is_safety) note.numbers.push_back(item.number);
  }
  if (going.empty()) return report;
  std::reverse(going.begin(), going.end());
  std::reverse(note.numbers.begin(), note.numbers.end());
  note.time_seconds = bury(engine, going);
  note.highest = engine.log->highest();
  if (!note.numbers.empty()) write_forget_note(engine, note);
  return report;
}

bool forget_is_last(Engine& engine) {
  const auto note = read_forget_note(engine);
  std::uint64_t safety = 0;
  std::int64_t safety_time = 0;
  for (const RecordSummary& summary : engine.log->summaries()) {
    if (summary.kind != RecordKind::safety) continue;
    safety = summary.number;
    safety_time = summary.time_seconds;
  }
  if (note) return safety <= note->highest;
  const std::vector<Record> forgotten = last_forgotten(engine, note);
  return !forgotten.empty() && (safety == 0 || forgotten.front().tomb_time >= safety_time);
}

ForgetReport undo_forget(Engine& engine, bool dry_run, const Control& control) {
  if (!dry_run) require_writable(engine);
  const Lock shared = take_writer_lock(engine, control);
  auto note = read_forget_note(engine);
  if (note && note->is_undone) return forget_again(engine, *note, dry_run);
  const std::vector<Record> tombstones = last_forgotten(engine, note);
  if (tombstones.empty()) throw Error(ErrorKind::bad_revision, "undo: there is no forget to undo");
  for (const Record& tombstone : tombstones)
    if (!tombstone.content_held)
      throw Error(ErrorKind::refused, "the last forget can't be undone: gc has released checkpoint " + std::to_string(tombstone.number),
                  "what was forgotten can be brought back until the next gc; `@undo` names the last restore");
  if (!dry_run) revive(engine, tombstones);
  ForgetReport report;
  report.brought_back = true;
  ForgetNote next;
  next.is_undone = true;
  next.highest = engine.log->highest();
  next.time_seconds = tombstones.front().tomb_time;
  for (const Record& tombstone : tombstones) {
    next.numbers.push_back(tombstone.number);
    const Commit commit = decode_commit(tombstone.commit, "checkpoints/" + std::to_string(tombstone.number));
    ForgetItem item;
    item.id = tombstone.id();
    item.number = tombstone.number;
    item.time = {commit.committer.seconds, 0};
    item.reasons = {"brought back"};
    report.items.insert(report.items.begin(), std::move(item));
  }
  if (!dry_run) write_forget_note(engine, next);
  report.kept = tombstones.size();
  return report;
}

void pin(Engine& engine, std::string_view revision) {
  require_writable(engine);
  const Lock shared = take_writer_lock(engine, {});
  const Position position = engine.history->resolve(revision);
  if (engine.log->get(position.number).kind == RecordKind::tombstone)
    throw Error(ErrorKind::bad_revision, "checkpoint " + std::to_string(position.number) + " was forgotten",
                "metamori undo brings it back until gc");
  engine.log->set_pin(position.number, true);
}

void unpin(Engine& engine, std::string_view revision) {
  require_writable(engine);
  const Position position = engine.history->resolve(revision);
  const std::vector<std::uint64_t> pins = engine.log->pins();
  if (!std::binary_search(pins.begin(), pins.end(), position.number))
    throw Error(ErrorKind::bad_revision, "checkpoint " + std::to_string(position.number) + " is not pinned",
                "metamori pin lists those that are");
  engine.log->set_pin(position.number, false);
}

std::vector<CheckpointInfo> list_pins(Engine& engine) {
  std::vector<CheckpointInfo> result;
  const std::vector<std::uint64_t> pins = engine.log->pins();
  if (pins.empty()) return result;
  Describer describer(engine);
  for (const std::uint64_t number : pins) result.push_back(describer.describe({number, {}}, false));
  return result;
}

}  // namespace metamori
