#include "objects/record_log.hpp"

#include <fcntl.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <span>
#include <unordered_map>

#include "base/assert.hpp"
#include "metamori/error.hpp"
#include "objects/record_log_cache.hpp"
#include "objects/record_log_files.hpp"
#include "objects/record_log_refs.hpp"

// What is derived from the records stays sound though others write at the same time:
// - Numbers are given without gaps, so after the highest known one it is enough to look at the next; only damage makes gaps. So the hint is
//   trusted while `checkpoints/` is as it was when the highest number was seen, and after that the directory is listed.
// - A record that is replaced (by a tombstone) gets a new inode. Listing the directory tells the inodes, and those that differ are read
// again.
//   Nothing is listed while the directory's stamp is the one the summaries were made under and was not fresh then.
// - An inode may come back after several replacements. So each is announced in `cache/replaced` before it is done, and what was announced
// since
//   the summaries were made is read again. One that can't be announced (the cache is not writable) is still seen by its inode, the first
//   time.

namespace metamori {
namespace {

constexpr std::uint64_t kMaxCacheBytes = std::uint64_t{1} << 30;
constexpr std::uint64_t kMaxGenerationBytes = 32;
constexpr const char* kLatestName = "latest";
constexpr const char* kHistoryName = "history";
constexpr const char* kReplacedName = "replaced";
constexpr std::size_t kMaxReplaced = 4096;  // then a new list is begun, and everything is read again once
constexpr std::uint64_t kFewRecords = 16;
constexpr std::size_t kFewSyncs = 32;  // more files are synced by their file system at once
constexpr std::uint64_t kNoInode = 0;
constexpr std::size_t kMaxMissing = 1000;  // a hostile gap must not keep us for ever
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

struct RecordLog::Impl {
  Impl(System& the_system, const RepositoryDirs& the_dirs)
      : system(the_system),
        dirs(the_dirs),
        files(the_system, the_dirs.checkpoints.get()),
        refs(the_system, the_dirs.refs.get(), the_dirs.tmp.get()) {}

  // The highest number.
  std::uint64_t highest();
  void note_latest(const LatestHint& seen);
  Record get(std::uint64_t number);

  // The commit point.
  bool publish(const Record& record);
  void replace_each(const std::vector<Record>& records);

  // Summaries.
  void refresh_history();
  void save_history();
  ReplacedList replaced_list();
  void announce_replacements(const std::vector<Record>& records);
  void check_replacement(const Record& record);
  void distrust_replaced(HistoryCache& next);
  bool is_damaged(std::uint64_t number);
  bool is_as_known(const std::vector<RecordPlace>& places, bool& all_sound);
  std::vector<std::uint64_t> damaged();
  void read_places(const std::vector<RecordPlace>& places, HistoryCache& next, std::size_t& changed_count);
  void link_parents(const Record& tombstone, RecordSummary& summary, const HistoryCache& next);

  std::optional<Bytes> read_cache(const char* name);
  void write_cache(const char* name, ByteView bytes);

  System& system;
  const RepositoryDirs& dirs;
  RecordFiles files;
  RecordRefs refs;
  bool latest_loaded = false;
  LatestHint latest;        // number 0: nothing is known
  LatestHint latest_saved;  // what the file holds
  bool history_loaded = false;
  HistoryCache history;
  std::optional<std::vector<std::uint64_t>> unreadable;  // told by damaged(), of this history
  std::size_t unsaved_count = 0;
  bool saved_settled = false;                               // what the file says
  std::unordered_map<CheckpointId, std::uint64_t> numbers;  // of ids, while history is read
  std::size_t numbered_count = 0;
};

/// A cache that can't be read is no cache.
std::optional<Bytes> RecordLog::Impl::read_cache(const char* name) {
  if (!dirs.cache.is_open()) return std::nullopt;
  const std::string path = std::string(".metamori/cache/") + name;
  try {
    const auto file = find_file(system, dirs.cache.get(), name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, path);
    if (!file) return std::nullopt;
    return read_whole(system, file->get(), kMaxCacheBytes, path);
  } catch (const Error&) {
    return std::nullopt;
  }
}

/// A cache that can't be written costs time, nothing else.
void RecordLog::Impl::write_cache(const char* name, ByteView bytes) {
  if (!dirs.cache.is_open() || !dirs.tmp.is_open()) return;
  try {
    replace_cache_file(system, dirs.tmp.get(), dirs.cache.get(), name, bytes, std::string(".metamori/cache/") + name);
  } catch (const Error&) {
  }
}

std::uint64_t RecordLog::Impl::highest() {
  if (!latest_loaded) {
    latest_loaded = true;
    if (const auto bytes = read_cache(kLatestName))
      if (const auto hint = decode_latest(*bytes)) latest = latest_saved = *hint;
  }
  LatestHint seen{latest.number, files.stamp()};
  if (seen != latest || seen.number == 0 || !files.has_single(seen.number)) {
    const std::vector<RecordPlace> places = files.list(seen.stamp);
    seen.number = places.empty() ? 0 : places.back().number;
  }
  while (files.has_single(seen.number + 1)) ++seen.number;
  note_latest(seen);
  return seen.number;
}

void RecordLog::Impl::note_latest(const LatestHint& seen) {
  latest = seen;
  if (seen.number == 0 || seen == latest_saved) return;
  latest_saved = seen;
  write_cache(kLatestName, encode_latest(seen));
}

Record RecordLog::Impl::get(std::uint64_t number) {
  auto record = files.find(number);
  if (!record) throw Error(ErrorKind::bad_revision, "there is no checkpoint with number " + std::to_string(number));
  return std::move(*record);
}

bool RecordLog::Impl::publish(const Record& record) {
  MM_ASSERT(record.number != 0);
  if (record.number <= latest.number) return false;  // also when that record is folded or lost: numbers are never used twice
  const std::string path = RecordFiles::path_of(record.number);
  const Bytes bytes = encode_record(record);
  decode_record(bytes, path);  // what could not be read back is not published
  const std::string name = unique_name(system, "record-");
  Fd file = create_temporary(system, dirs.tmp.get(), name.c_str(), O_WRONLY, path);
  bool published = false;
  try {
    write_all(system, file.get(), bytes, 0, path);
    sync_file(system, file.get(), path);
    file.close(path);
    published = publish_no_replace(system, dirs.tmp.get(), name, dirs.checkpoints.get(), std::to_string(record.number), path);
  } catch (...) {
    system.remove_file(dirs.tmp.get(), name.c_str());
    throw;
  }
  if (!published) {
    system.remove_file(dirs.tmp.get(), name.c_str());
    return false;
  }
  sync_file(system, dirs.checkpoints.get(), ".metamori/checkpoints");
  // Without a gap since the highest number was last seen there is none now. Else the next look lists the directory.
  if (latest.number + 1 == record.number && latest_loaded) note_latest({record.number, files.stamp()});
  return true;
}

ReplacedList RecordLog::Impl::replaced_list() {
  if (const auto bytes = read_cache(kReplacedName))
    if (auto list = decode_replaced(*bytes)) return std::move(*list);
  return {};
}

void RecordLog::Impl::announce_replacements(const std::vector<Record>& records) {
  ReplacedList list = replaced_list();
  if (list.token == 0 || list.numbers.size() + records.size() > kMaxReplaced) {
    list = {};
    system.random(std::as_writable_bytes(std::span(&list.token, 1)));
    list.token |= 1;  // not 0
  }
  // A new list tells by its token that everything is to be read again.
  if (records.size() <= kMaxReplaced)
    for (const Record& record : records) list.numbers.push_back(record.number);
  write_cache(kReplacedName, encode_replaced(list));
}

/// Forgets the inodes of what was replaced since the summaries were made, so that it is read again.
void RecordLog::Impl::distrust_replaced(HistoryCache& next) {
  const ReplacedList list = replaced_list();
  next.replaced_token = list.token;
  next.replaced_count = list.numbers.size();
  if (list.token != history.replaced_token || history.replaced_count > list.numbers.size()) {
    std::fill(history.inodes.begin(), history.inodes.end(), kNoInode);
    return;
  }
  for (auto i = static_cast<std::size_t>(history.replaced_count); i < list.numbers.size(); ++i) {
    const auto found = std::lower_bound(history.summaries.begin(), history.summaries.end(), list.numbers[i],
                                        [](const RecordSummary& summary, std::uint64_t number) { return summary.number < number; });
    if (found != history.summaries.end()) history.inodes[static_cast<std::size_t>(found - history.summaries.begin())] = kNoInode;
  }
}

void RecordLog::Impl::check_replacement(const Record& record) {
  const Record old = get(record.number);
  if (record.kind == RecordKind::move || old.kind == RecordKind::move || old.id() != record.id())
    throw Error(ErrorKind::refused, "record " + std::to_string(record.number) + " is that of another checkpoint", {},
                RecordFiles::path_of(record.number));
}

/// Bytes before names: all are written and synced before the first gets its name.
void RecordLog::Impl::replace_each(const std::vector<Record>& records) {
  if (records.empty()) return;
  for (const Record& record : records) check_replacement(record);
  announce_replacements(records);
  const bool sync_at_once = records.size() > kFewSyncs;
  std::vector<std::string> names;  // still in tmp/
  try {
    for (const Record& record : records) {
      const std::string path = RecordFiles::path_of(record.number);
      const Bytes bytes = encode_record(record);
      decode_record(bytes, path);  // what could not be read back is not published
      std::string name = unique_name(system, "record-");
      Fd file = create_temporary(system, dirs.tmp.get(), name.c_str(), O_WRONLY, path);
      names.push_back(std::move(name));
      write_all(system, file.get(), bytes, 0, path);
      if (!sync_at_once) sync_file(system, file.get(), path);
      file.close(path);
    }
    if (sync_at_once)
      if (const int error = retry_interrupted([&] { return system.sync_file_system(dirs.tmp.get()); }); error < 0)
        throw_io(-error, "sync the file system of", ".metamori/tmp");
    for (std::size_t i = records.size(); i-- > 0; names.pop_back()) {
      const std::string target = std::to_string(records[i].number);
      const int error = retry_interrupted(
          [&] { return system.rename(dirs.tmp.get(), names.back().c_str(), dirs.checkpoints.get(), target.c_str(), RenameMode::replace); });
      if (error < 0) throw_io(-error, "replace", RecordFiles::path_of(records[i].number));
    }
  } catch (...) {
    for (const std::string& name : names) system.remove_file(dirs.tmp.get(), name.c_str());
    history.settled = false;
    throw;
  }
  history.settled = false;
  sync_file(system, dirs.checkpoints.get(), ".metamori/checkpoints");
}

/// Parents of a tombstone stand in its commit alone, without numbers.
void RecordLog::Impl::link_parents(const Record& tombstone, RecordSummary& summary, const HistoryCache& next) {
  for (; numbered_count < next.summaries.size(); ++numbered_count)
    numbers.emplace(next.summaries[numbered_count].id, next.summaries[numbered_count].number);
  for (const CheckpointId& id : decode_commit(tombstone.commit, RecordFiles::path_of(tombstone.number)).parents) {
    const auto found = numbers.find(id);
    summary.parents.push_back({found == numbers.end() ? 0 : found->second, id});
  }
}

/// Or missing.
bool RecordLog::Impl::is_damaged(std::uint64_t number) {
  try {
    return !files.find(number);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::corrupt) throw;
    return true;
  }
}

/// Whether the summaries are those of all records in `places` that can be read; `all_sound` tells whether all can.
bool RecordLog::Impl::is_as_known(const std::vector<RecordPlace>& places, bool& all_sound) {
  std::size_t at = 0;  // in the summaries
  for (const RecordPlace& place : places) {
    if (at < history.summaries.size() && history.summaries[at].number == place.number && history.inodes[at] == place.inode &&
        place.inode != kNoInode) {
      ++at;
      continue;
    }
    if (!is_damaged(place.number)) return false;
    all_sound = false;
  }
  return at == history.summaries.size();
}

void RecordLog::Impl::read_places(const std::vector<RecordPlace>& places, HistoryCache& next, std::size_t& changed_count) {
  std::size_t at = 0;  // in the summaries known so far
  for (const RecordPlace& place : places) {
    while (at < history.summaries.size() && history.summaries[at].number < place.number) ++at;
    if (at < history.summaries.size() && history.summaries[at].number == place.number && history.inodes[at] == place.inode &&
        place.inode != kNoInode) {
      next.summaries.push_back(std::move(history.summaries[at]));
      next.inodes.push_back(place.inode);
      ++at;
      continue;
    }
    ++changed_count;
    try {
      const auto record = files.find(place.number);
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
  numbers.clear();
  numbered_count = 0;
}

void RecordLog::Impl::refresh_history() {
  if (!history_loaded) {
    history_loaded = true;
    if (const auto bytes = read_cache(kHistoryName))
      if (auto cached = decode_history(*bytes)) history = std::move(*cached);
    saved_settled = history.settled;
  }
  const DirectoryStamp stamp = files.stamp();
  if (history.settled && history.stamp == stamp) return;
  saved_settled = saved_settled && history.stamp == stamp;
  HistoryCache next;
  distrust_replaced(next);
  const std::vector<RecordPlace> places = files.list(next.stamp);
  next.settled = files.is_settled(next.stamp);
  if (bool all_sound = true; is_as_known(places, all_sound)) {
    // Those who go through the summaries may ask for them again meanwhile: they stay where they are.
    history.stamp = next.stamp;
    history.settled = next.settled && all_sound;
    history.replaced_token = next.replaced_token;
    history.replaced_count = next.replaced_count;
    if (history.settled && !saved_settled) save_history();
    return;
  }
  next.summaries.reserve(places.size());
  next.inodes.reserve(places.size());
  std::size_t changed_count = 0;
  const std::size_t old_count = history.summaries.size();
  try {
    read_places(places, next, changed_count);
  } catch (...) {
    history = {};  // parts were moved out of it
    unreadable.reset();
    throw;
  }
  if (next.summaries.size() < old_count) changed_count += old_count - next.summaries.size();
  history = std::move(next);
  unreadable.reset();
  unsaved_count += changed_count;
  const bool only_state_changed = unsaved_count == 0 && history.settled && !saved_settled;
  if (unsaved_count > history.summaries.size() / kUnsavedFraction || only_state_changed) save_history();
}

std::vector<std::uint64_t> RecordLog::Impl::damaged() {
  refresh_history();
  if (unreadable) return *unreadable;
  std::vector<std::uint64_t> result;
  std::size_t kept = 0;
  std::uint64_t next = 1;
  const auto add_until = [&](std::uint64_t end) {
    for (; next < end && result.size() < kMaxMissing; ++next) result.push_back(next);
    next = end;
  };
  for (std::size_t i = 0; i < history.summaries.size(); ++i) {
    if (is_damaged(history.summaries[i].number)) continue;
    add_until(history.summaries[i].number);
    ++next;
    if (kept != i) history.summaries[kept] = std::move(history.summaries[i]);
    history.inodes[kept++] = history.inodes[i];
  }
  add_until(highest() + 1);
  unreadable = result;
  if (kept == history.summaries.size()) return result;
  history.summaries.resize(kept);
  history.inodes.resize(kept);
  history.settled = false;
  return result;
}

void RecordLog::Impl::save_history() {
  write_cache(kHistoryName, encode_history(history));
  unsaved_count = 0;
  saved_settled = history.settled;
}

RecordLog::RecordLog(System& system, const RepositoryDirs& dirs) : impl_(std::make_unique<Impl>(system, dirs)) {}
RecordLog::~RecordLog() = default;

std::uint64_t RecordLog::highest() { return impl_->highest(); }
Record RecordLog::get(std::uint64_t number) { return impl_->get(number); }
bool RecordLog::publish(const Record& record) { return impl_->publish(record); }
void RecordLog::replace(const Record& tombstone) { impl_->replace_each({tombstone}); }
void RecordLog::replace_each(const std::vector<Record>& records) { impl_->replace_each(records); }

Position RecordLog::head() { return head_at(impl_->highest()); }

Position RecordLog::head_at(std::uint64_t number) {
  std::size_t missing = 0;
  for (; number > 0; --number) {
    try {
      const auto record = impl_->files.find(number);
      if (!record && ++missing > kMaxMissing)
        throw Error(ErrorKind::corrupt, "more than " + std::to_string(kMaxMissing) + " records are missing");
      if (record && record->kind != RecordKind::tombstone) return record->head_after;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::corrupt) throw;
      throw Error(ErrorKind::corrupt, std::string(error.what()) + ", so that it is not known where HEAD is",
                  "'metamori checkpoint' goes on without it; 'metamori verify' tells what is affected", error.path());
    }
  }
  return {};
}

const std::vector<RecordSummary>& RecordLog::summaries() {
  impl_->refresh_history();
  return impl_->history.summaries;
}

std::vector<std::uint64_t> RecordLog::damaged() { return impl_->damaged(); }

void RecordLog::require_known(std::uint64_t above, std::uint64_t below, std::string_view what) {
  const std::vector<RecordSummary>& all = summaries();
  auto known = std::lower_bound(all.begin(), all.end(), above + 1,
                                [](const RecordSummary& summary, std::uint64_t number) { return summary.number < number; });
  std::size_t missing = 0;
  for (std::uint64_t number = above + 1; number < below && missing <= kMaxMissing; ++number) {
    if (known != all.end() && known->number == number) {
      ++known;
      continue;
    }
    try {
      if (!impl_->files.find(number)) ++missing;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::corrupt) throw;
      throw Error(ErrorKind::corrupt, std::string(error.what()) + ", so that it is not known " + std::string(what),
                  "name a checkpoint by its number: 'metamori log --all' lists those that can be read", error.path());
    }
  }
}

void RecordLog::keep_summaries() {
  if (impl_->history.settled && !(impl_->saved_settled && impl_->unsaved_count == 0)) impl_->save_history();
}

std::vector<std::pair<std::string, Position>> RecordLog::lines() {
  std::vector<std::pair<std::string, Position>> result;
  std::unordered_map<std::string, std::size_t> places;
  for (const RecordSummary& record : summaries()) {
    if (record.kind != RecordKind::checkpoint) continue;
    const auto [place, is_new] = places.emplace(record.line, result.size());
    if (is_new) result.emplace_back(record.line, Position{});
    result[place->second].second = {record.number, record.id};
  }
  return result;
}

std::optional<std::string> RecordLog::line_ending_at(const Position& checkpoint) {
  const std::uint64_t top = impl_->highest();
  if (checkpoint.number == 0 || checkpoint.number > top) return std::nullopt;
  bool is_newest = top - checkpoint.number <= kFewRecords;
  for (std::uint64_t number = top; is_newest && number > checkpoint.number; --number) {
    const auto record = impl_->files.find(number);
    is_newest = record && record->kind != RecordKind::checkpoint;
  }
  if (is_newest) {
    const Record record = impl_->get(checkpoint.number);
    if (record.kind != RecordKind::checkpoint || record.id() != checkpoint.id) return std::nullopt;
    return record.line;
  }
  for (auto& [line, tip] : lines())
    if (tip == checkpoint) return line;
  return std::nullopt;
}

std::vector<Tag> RecordLog::tags() {
  std::map<std::string, Position> all;
  for (const RecordSummary& record : summaries())
    for (const std::string& name : record.tags) all[name] = {record.number, record.id};
  for (const auto& [name, target] : impl_->refs.tags()) {
    if (target && target->number != 0) {
      all[name] = *target;
    } else {
      all.erase(name);
    }
  }
  std::vector<Tag> result;
  for (const auto& [name, target] : all) result.push_back({name, target});
  return result;
}

std::optional<Position> RecordLog::find_tag(const std::string& name) {
  if (const auto target = impl_->refs.find_tag(name)) return target->number == 0 ? std::nullopt : target;
  const std::vector<RecordSummary>& all = summaries();
  for (auto record = all.rbegin(); record != all.rend(); ++record)
    if (std::binary_search(record->tags.begin(), record->tags.end(), name)) return Position{record->number, record->id};
  return std::nullopt;
}

void RecordLog::set_tag(const std::string& name, const Position& target) {
  if (target.number != 0) check_tag_name(name);
  if (name.empty()) throw Error(ErrorKind::usage, "a tag without a name");
  impl_->refs.set_tag(name, target.number == 0 ? Position{} : target);
}

std::vector<std::uint64_t> RecordLog::pins() { return impl_->refs.pins(); }

void RecordLog::set_pin(std::uint64_t number, bool pinned) {
  if (!pinned) {
    impl_->refs.remove_pin(number);
    return;
  }
  const Record record = impl_->get(number);
  if (record.kind == RecordKind::move) throw Error(ErrorKind::bad_revision, "number " + std::to_string(number) + " is no checkpoint");
  impl_->refs.add_pin({number, record.id()});
}

std::uint64_t RecordLog::gc_generation() {
  const std::string path = ".metamori/generation";
  const auto file = find_file(impl_->system, impl_->dirs.top.get(), "generation", O_RDONLY | O_NOFOLLOW | O_NONBLOCK, path);
  if (!file) return 0;
  const Bytes bytes = read_whole(impl_->system, file->get(), kMaxGenerationBytes, path);
  std::string_view text = as_text(bytes);
  if (text.ends_with('\n')) text.remove_suffix(1);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size())
    throw Error(ErrorKind::corrupt, path + " is not a number", {}, path);
  return value;
}

std::vector<std::string> RecordLog::damaged_refs() { return impl_->refs.damaged(); }

}  // namespace metamori
