#include "core/repair_survey.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <span>

#include "core/block_file.hpp"
#include "objects/mend.hpp"
#include "objects/record_log_refs.hpp"

namespace metamori {
namespace {

constexpr std::uint64_t kMaxRecordBytes = 16ULL << 20;
constexpr std::uint64_t kMaxFoldedBytes = 1ULL << 30;
constexpr std::uint64_t kMaxCacheBytes = 1ULL << 30;
constexpr std::size_t kSectorBytes = 4096;
constexpr std::string_view kPath = "checkpoints/";

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || text.front() == '0') return std::nullopt;
  return value;
}

std::optional<Record> try_decode(ByteView bytes) {
  try {
    return decode_record(bytes, "record");
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::corrupt) throw;
    return std::nullopt;
  }
}

}  // namespace

RecordSurvey::RecordSurvey(RepairRun& run) : run_(run), engine_(run.engine) {
  gather();
  find_highest();
  for (const auto& [number, bytes] : damaged) take_apart(bytes);
}

void RecordSurvey::gather() {
  for (const DirectoryName& entry : list_directory(engine_.system, engine_.dirs.checkpoints.get(), "checkpoints")) {
    run_.check_stop();
    const std::size_t dash = entry.name.find('-');
    const auto first = parse_number(std::string_view(entry.name).substr(0, dash));
    if (!first) continue;
    if (dash == std::string::npos) {
      add_single(*first, entry.name);
    } else if (const auto last = parse_number(std::string_view(entry.name).substr(dash + 1)); last && *first <= *last) {
      add_folded(*first, *last, entry.name);
    }
  }
}

/// What the disk can't read, and can't read again, is taken for zeros.
Bytes RecordSurvey::read(const std::string& name, std::uint64_t limit) {
  System& system = engine_.system;
  const std::string path = std::string(kPath) + name;
  const Fd file = open_file(system, engine_.dirs.checkpoints.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, path);
  try {
    return read_whole(system, file.get(), limit, path);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::io) throw;
  }
  Bytes bytes(static_cast<std::size_t>(std::min(limit, stat_of(system, file.get(), path).size_bytes)));
  for (std::size_t at = 0; at < bytes.size(); at += kSectorBytes) {
    const std::span<std::byte> part = std::span(bytes).subspan(at, std::min(kSectorBytes, bytes.size() - at));
    const std::int64_t count = retry_interrupted([&] { return system.read_at(file.get(), part, at); });
    if (count < 0 && count != -EIO) throw_io(static_cast<int>(-count), "read", path);
  }
  return bytes;
}

void RecordSurvey::add_single(std::uint64_t number, const std::string& name) {
  listed_ = std::max(listed_, number);
  Bytes bytes = read(name, kMaxRecordBytes);
  const auto record = try_decode(bytes);
  if (record && record->number == number) {
    note(*record);
    sound.insert(number);
    return;
  }
  damaged.emplace(number, std::move(bytes));
}

void RecordSurvey::add_folded(std::uint64_t first, std::uint64_t last, const std::string& name) {
  listed_ = std::max(listed_, last);
  const Bytes bytes = read(name, kMaxFoldedBytes);
  const bool is_sound = is_sound_folded(bytes, first, last);
  if (!is_sound) damaged_folded.push_back(name);
  for (auto& [number, record] : salvage_folded(bytes)) {
    note(*try_decode(record));
    if (is_sound) {
      folded.insert(number);
    } else {
      salvaged.emplace(number, std::move(record));
    }
  }
}

void RecordSurvey::note(const Record& record) {
  const auto name = [this](const Position& position) {
    if (position.number != 0) named.emplace(position.number, position.id);
  };
  name(record.head_before);
  name(record.head_after);
  for (const Position& parent : record.parents) name(parent);
  run_.highest_generation = std::max(run_.highest_generation, record.gc_generation);
  if (seen.contains(record.number)) return;
  Seen what;
  what.kind = record.kind;
  what.line = record.line;
  if (record.kind != RecordKind::move) {
    what.self = {record.number, record.id()};
    numbers_.emplace(what.self.id, record.number);
    what.time = decode_commit(record.commit, "record").committer.seconds;
  }
  // A safety checkpoint that was forgotten, which is on no line, left HEAD where it was.
  if (record.kind != RecordKind::tombstone || !record.line.empty()) what.head_after = record.head_after;
  seen.emplace(record.number, std::move(what));
  // Those of a line that it began don't tell the line of what came before.
  if (record.kind == RecordKind::checkpoint && !record.parents.empty() && record.line != "main-" + std::to_string(record.number))
    lines_.emplace(record.parents.front().number, record.line);
}

/// The highest number that was ever given, as far as anybody still knows.
void RecordSurvey::find_highest() {
  highest = listed_;
  for (const auto& [number, id] : named) take(number);
  RecordRefs refs(engine_.system, engine_.dirs.refs.get(), engine_.dirs.tmp.get());
  for (const auto& [name, target] : refs.tags()) {
    if (!target || target->number == 0) continue;
    take(target->number);
    named.emplace(target->number, target->id);
  }
  for (const std::uint64_t number : refs.pins()) take(number);
  if (const auto bytes = read_cache("latest"))
    if (const auto latest = decode_latest(*bytes)) take(latest->number);
  for (const char* const name : {"stat", "stat-1", "stat-2", "stat-3", "stat-4", "stat-5", "stat-6", "fingerprints"})
    if (const auto bytes = read_cache(name); bytes && BlockFile::is_whole(*bytes)) take(BlockFile::highest_in(*bytes));
  if (const auto bytes = read_cache("history"))
    if (const auto history = decode_history(*bytes)) take_history(*history);
}

/// What the cache knows of records that are lost. One that contradicts a record whose file it believes to be the same is out of date:
/// somebody wrote another one into it.
void RecordSurvey::take_history(const HistoryCache& history) {
  bool is_right = true;
  for (std::size_t i = 0; i < history.summaries.size(); ++i) {
    const RecordSummary& summary = history.summaries[i];
    take(summary.number);
    const auto known = seen.find(summary.number);
    if (known != seen.end() && (known->second.kind != summary.kind || known->second.self.id != summary.id)) {
      const std::string name = std::to_string(summary.number);
      const auto file = find_stat(engine_.system, engine_.dirs.checkpoints.get(), name.c_str(), name);
      is_right = is_right && !(file && file->inode == history.inodes[i]);
    }
    if (summary.kind != RecordKind::move) named.emplace(summary.number, summary.id);
    if (!summary.line.empty()) lines_.emplace(summary.number, summary.line);
  }
  if (!is_right) run_.set_aside(engine_.dirs.cache.get(), "history", "cache/history", "it contradicts the records");
}

std::optional<Bytes> RecordSurvey::read_cache(const char* name) {
  if (!engine_.dirs.cache.is_open()) return std::nullopt;
  const auto file = find_file(engine_.system, engine_.dirs.cache.get(), name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, name);
  if (!file) return std::nullopt;
  return read_whole(engine_.system, file->get(), kMaxCacheBytes, name);
}

/// Whole records in what was found where none of that number should be.
void RecordSurvey::take_apart(ByteView bytes) {
  if (const auto record = try_decode(bytes)) {
    note(*record);
    found.emplace(record->number, Bytes(bytes.begin(), bytes.end()));
  } else if (auto mended = mend_checksummed(bytes)) {
    const auto again = try_decode(*mended);
    if (!again) return;
    note(*again);
    found.emplace(again->number, std::move(*mended));
  }
}

void RecordSurvey::look_in_quarantine() {
  if (looked_in_quarantine_) return;
  looked_in_quarantine_ = true;
  run_.quarantine.for_each("checkpoints", [this](int dir, const std::string& name, const std::string& path) {
    const Fd file = open_file(engine_.system, dir, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, path);
    const Bytes bytes = read_whole(engine_.system, file.get(), kMaxFoldedBytes, path);
    if (name.find('-') == std::string::npos) return take_apart(bytes);
    for (auto& [number, record] : salvage_folded(bytes)) found.emplace(number, std::move(record));
  });
}

RecordHints RecordSurvey::hints_for(std::uint64_t number) const {
  RecordHints hints;
  if (const auto name = named.find(number); name != named.end() && !name->second.is_zero()) hints.id = name->second;
  hints.number_of = [this](const CheckpointId& id) {
    const auto number_of = numbers_.find(id);
    return number_of == numbers_.end() ? std::uint64_t{0} : number_of->second;
  };
  hints.line = line_of(number);
  return hints;
}

/// Where HEAD was before record `number`: what that record says was its parent, if it was a checkpoint.
Position RecordSurvey::head_before(std::uint64_t number) const {
  for (auto before = seen.lower_bound(number); before != seen.begin();)
    if ((--before)->second.head_after) return *before->second.head_after;
  return {};
}

std::string RecordSurvey::line_of(std::uint64_t number) const {
  if (const auto told = lines_.find(number); told != lines_.end()) return told->second;
  const auto parent = seen.find(head_before(number).number);
  return parent == seen.end() || parent->second.line.empty() ? "main" : parent->second.line;
}

void RecordSurvey::take(std::uint64_t number) {
  if (number <= listed_ + kMaxGap) highest = std::max(highest, number);
}

}  // namespace metamori
