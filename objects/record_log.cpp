#include "objects/record_log.hpp"

#include <fcntl.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <unordered_map>

#include "base/assert.hpp"
#include "metamori/error.hpp"
#include "objects/record_log_cache.hpp"
#include "objects/record_log_files.hpp"
#include "objects/record_log_refs.hpp"
#include "objects/record_summaries.hpp"

namespace metamori {
namespace {

constexpr std::uint64_t kMaxGenerationBytes = 32;
constexpr std::uint64_t kFewRecords = 16;
constexpr std::size_t kFewSyncs = 32;      // more files are synced by their file system at once
constexpr std::size_t kMaxMissing = 1000;  // a hostile gap must not keep us for ever

/// A damaged record could be the one that tells.
[[noreturn]] void throw_unknown(const Error& damage, std::string_view what, std::string_view hint) {
  throw Error(ErrorKind::corrupt, std::string(damage.what()) + ", so that it is not known " + std::string(what), std::string(hint),
              damage.path());
}

}  // namespace

// The hint of the highest number stays sound though others write at the same time: numbers are given without gaps, so after the highest
// known one it is enough to look at the next; only damage makes gaps. So the hint is trusted while `checkpoints/` is as it was when the
// highest number was seen, and after that the directory is listed.
struct RecordLog::Impl {
  Impl(System& the_system, const RepositoryDirs& the_dirs)
      : system(the_system),
        dirs(the_dirs),
        files(the_system, the_dirs.checkpoints.get()),
        refs(the_system, the_dirs.refs.get(), the_dirs.tmp.get()),
        cache(the_system, the_dirs),
        summaries(files, cache) {}

  std::uint64_t highest();
  void note_latest(const LatestHint& seen);
  Record get(std::uint64_t number);
  bool publish(const Record& record);
  void replace_each(const std::vector<Record>& records);
  void check_replacement(const Record& record);

  System& system;
  const RepositoryDirs& dirs;
  RecordFiles files;
  RecordRefs refs;
  RecordLogCache cache;
  RecordSummaries summaries;
  bool latest_loaded = false;
  LatestHint latest;        // number 0: nothing is known
  LatestHint latest_saved;  // what the file holds
};

std::uint64_t RecordLog::Impl::highest() {
  if (!latest_loaded) {
    latest_loaded = true;
    if (const auto hint = cache.latest()) latest = latest_saved = *hint;
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
  cache.keep(seen);
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
  std::vector<std::uint64_t> numbers;
  numbers.reserve(records.size());
  for (const Record& record : records) numbers.push_back(record.number);
  cache.announce_replaced(numbers);
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
    summaries.distrust();
    throw;
  }
  summaries.distrust();
  sync_file(system, dirs.checkpoints.get(), ".metamori/checkpoints");
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
      throw_unknown(error, "where HEAD is", "'metamori checkpoint' goes on without it; 'metamori verify' tells what is affected");
    }
  }
  return {};
}

const std::vector<RecordSummary>& RecordLog::summaries() { return impl_->summaries.all(); }
void RecordLog::keep_summaries() { impl_->summaries.keep(); }

std::vector<std::uint64_t> RecordLog::damaged() {
  return impl_->summaries.damaged([this] { return impl_->highest(); });
}

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
      throw_unknown(error, what, "name a checkpoint by its number: 'metamori log --all' lists those that can be read");
    }
  }
}

std::optional<Position> RecordLog::newest_checkpoint() {
  const std::vector<RecordSummary>& all = summaries();
  const auto found =
      std::find_if(all.rbegin(), all.rend(), [](const RecordSummary& record) { return record.kind == RecordKind::checkpoint; });
  return found == all.rend() ? std::nullopt : std::optional(Position{found->number, found->id});
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
