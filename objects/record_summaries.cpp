#include "objects/record_summaries.hpp"

#include <algorithm>

#include "metamori/error.hpp"

namespace metamori {
namespace {

constexpr std::uint64_t kNoInode = 0;
constexpr std::size_t kMaxDamaged = 1000;  // told; a hostile gap must not keep us for ever
// The cached summaries are written again when this fraction of them is new, so that a checkpoint costs the same however many there are.
constexpr std::size_t kUnsavedFraction = 256;

RecordSummary summarize(const Record& record) {
  RecordSummary summary;
  summary.number = record.number;
  summary.kind = record.kind;
  summary.parents = record.parents;
  if (record.kind != RecordKind::tombstone) summary.head_after = record.head_after;
  summary.line = record.line;
  summary.tags = record.tags;
  if (record.kind == RecordKind::move) return summary;
  summary.id = record.id();
  summary.time_seconds = decode_commit(record.commit, RecordFiles::path_of(record.number)).committer.seconds;
  return summary;
}

}  // namespace

const std::vector<RecordSummary>& RecordSummaries::all() {
  load();
  const DirectoryStamp stamp = files_.stamp();
  if (history_.settled && history_.stamp == stamp) return history_.summaries;
  is_saved_settled_ = is_saved_settled_ && history_.stamp == stamp;
  HistoryCache next;
  forget_replaced(next);
  const std::vector<RecordPlace> places = files_.list(next.stamp);
  next.settled = files_.is_settled(next.stamp);
  if (bool all_sound = true; are_all_known(places, all_sound)) {
    // Those who go through the summaries may ask for them again meanwhile: they stay where they are.
    history_.stamp = next.stamp;
    history_.settled = next.settled && all_sound;
    history_.replaced_token = next.replaced_token;
    history_.replaced_count = next.replaced_count;
    if (history_.settled && !is_saved_settled_) save();
    return history_.summaries;
  }
  next.summaries.reserve(places.size());
  next.inodes.reserve(places.size());
  std::size_t changed_count = 0;
  const std::size_t old_count = history_.summaries.size();
  damaged_.reset();
  try {
    read_places(places, next, changed_count);
  } catch (...) {
    history_ = {};  // parts were moved out of it
    throw;
  }
  if (next.summaries.size() < old_count) changed_count += old_count - next.summaries.size();
  history_ = std::move(next);
  unsaved_count_ += changed_count;
  const bool only_state_changed = unsaved_count_ == 0 && history_.settled && !is_saved_settled_;
  if (unsaved_count_ > history_.summaries.size() / kUnsavedFraction || only_state_changed) save();
  return history_.summaries;
}

void RecordSummaries::load() {
  if (is_loaded_) return;
  is_loaded_ = true;
  if (auto cached = cache_.history()) history_ = std::move(*cached);
  is_saved_settled_ = history_.settled;
}

void RecordSummaries::save() {
  cache_.keep(history_);
  unsaved_count_ = 0;
  is_saved_settled_ = history_.settled;
}

void RecordSummaries::keep() {
  if (history_.settled && !(is_saved_settled_ && unsaved_count_ == 0)) save();
}

/// The inodes of what was replaced since the summaries were made, so that it is read again.
void RecordSummaries::forget_replaced(HistoryCache& next) {
  const ReplacedList list = cache_.replaced();
  next.replaced_token = list.token;
  next.replaced_count = list.numbers.size();
  if (list.token != history_.replaced_token || history_.replaced_count > list.numbers.size()) {
    std::fill(history_.inodes.begin(), history_.inodes.end(), kNoInode);
    return;
  }
  for (auto i = static_cast<std::size_t>(history_.replaced_count); i < list.numbers.size(); ++i) {
    const auto found = std::lower_bound(history_.summaries.begin(), history_.summaries.end(), list.numbers[i],
                                        [](const RecordSummary& summary, std::uint64_t number) { return summary.number < number; });
    if (found != history_.summaries.end()) history_.inodes[static_cast<std::size_t>(found - history_.summaries.begin())] = kNoInode;
  }
}

/// Or missing.
bool RecordSummaries::is_damaged(std::uint64_t number) {
  try {
    return !files_.find(number);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::corrupt) throw;
    return true;
  }
}

/// Whether the summary at that index is of this record as it stands.
bool RecordSummaries::is_known(const RecordPlace& place, std::size_t at) const {
  return at < history_.summaries.size() && history_.summaries[at].number == place.number && history_.inodes[at] == place.inode &&
         place.inode != kNoInode;
}

/// Whether the summaries are those of all records in `places` that can be read; `all_sound` tells whether all can.
bool RecordSummaries::are_all_known(const std::vector<RecordPlace>& places, bool& all_sound) {
  std::size_t at = 0;  // in the summaries
  for (const RecordPlace& place : places) {
    if (is_known(place, at)) {
      ++at;
      continue;
    }
    if (!is_damaged(place.number)) return false;
    all_sound = false;
  }
  return at == history_.summaries.size();
}

void RecordSummaries::read_places(const std::vector<RecordPlace>& places, HistoryCache& next, std::size_t& changed_count) {
  std::size_t at = 0;  // in the summaries known so far
  for (const RecordPlace& place : places) {
    while (at < history_.summaries.size() && history_.summaries[at].number < place.number) ++at;
    if (is_known(place, at)) {
      next.summaries.push_back(std::move(history_.summaries[at]));
      next.inodes.push_back(place.inode);
      ++at;
      continue;
    }
    ++changed_count;
    try {
      const auto record = files_.find(place.number);
      if (!record) continue;
      RecordSummary summary = summarize(*record);
      if (record->kind == RecordKind::tombstone) link_parents(*record, summary, next);
      next.summaries.push_back(std::move(summary));
      next.inodes.push_back(place.inode);
    } catch (const Error& error) {
      // A damaged record hides nothing but itself; whoever needs it is told by `get`.
      if (error.kind() != ErrorKind::corrupt) throw;
      next.settled = false;  // it is looked at again: it may have been mended, or the disk be another one
    }
  }
  numbers_.clear();
  numbered_count_ = 0;
}

/// Parents of a tombstone stand in its commit alone, without numbers.
void RecordSummaries::link_parents(const Record& tombstone, RecordSummary& summary, const HistoryCache& next) {
  for (; numbered_count_ < next.summaries.size(); ++numbered_count_)
    numbers_.emplace(next.summaries[numbered_count_].id, next.summaries[numbered_count_].number);
  for (const CheckpointId& id : decode_commit(tombstone.commit, RecordFiles::path_of(tombstone.number)).parents) {
    const auto found = numbers_.find(id);
    summary.parents.push_back({found == numbers_.end() ? 0 : found->second, id});
  }
}

std::vector<std::uint64_t> RecordSummaries::damaged(const std::function<std::uint64_t()>& highest) {
  all();
  if (damaged_) return *damaged_;
  std::vector<std::uint64_t> result;
  std::size_t kept = 0;
  std::uint64_t next = 1;
  const auto add_until = [&](std::uint64_t end) {
    for (; next < end && result.size() < kMaxDamaged; ++next) result.push_back(next);
    next = end;
  };
  for (std::size_t i = 0; i < history_.summaries.size(); ++i) {
    if (is_damaged(history_.summaries[i].number)) continue;
    add_until(history_.summaries[i].number);
    ++next;
    if (kept != i) history_.summaries[kept] = std::move(history_.summaries[i]);
    history_.inodes[kept++] = history_.inodes[i];
  }
  // What was published since is not known either, and yet sound.
  for (const std::uint64_t last = highest(); next <= last && result.size() < kMaxDamaged; ++next)
    if (is_damaged(next)) result.push_back(next);
  damaged_ = result;
  if (kept == history_.summaries.size()) return result;
  history_.summaries.resize(kept);
  history_.inodes.resize(kept);
  history_.settled = false;
  return result;
}

}  // namespace metamori
