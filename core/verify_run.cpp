#include "core/verify_run.hpp"

#include <algorithm>
#include <thread>
#include <utility>

namespace metamori {
namespace {

constexpr std::int64_t kNanosecondsPerMillisecond = 1'000'000;
constexpr std::int64_t kTellEveryNanoseconds = 100 * kNanosecondsPerMillisecond;
constexpr double kNanosecondsPerSecond = 1e9;
constexpr std::size_t kMaxChunkProblems = 1000;  ///< a lost pack may have held a million chunks
constexpr std::size_t kMaxJobs = 16;

}  // namespace

VerifyRun::VerifyRun(Engine& the_engine, const VerifyOptions& the_options)
    : engine(the_engine), options(the_options), started_ns_(the_engine.system.monotonic_ns()) {}

void VerifyRun::note(std::string kind, std::string where, std::string message, std::set<std::uint64_t> affected) {
  const std::lock_guard lock(mutex_);
  found_.push_back({{std::move(kind), std::move(where), std::move(message), {}}, std::move(affected)});
}

void VerifyRun::note_chunk(const ChunkId& id, std::string where, std::string message, bool is_leftover) {
  const std::lock_guard lock(mutex_);
  bad_.try_emplace(id, BadChunk{std::move(where), std::move(message), {}, {}, is_leftover});
}

void VerifyRun::note_damaged_pack(const PackName& name) {
  const std::lock_guard lock(mutex_);
  damaged_packs_.insert(name);
}

std::set<ChunkId> VerifyRun::lost_chunks() const {
  std::set<ChunkId> lost;
  for (const auto& [id, bad] : bad_)
    if (!bad.affected.empty()) lost.insert(id);
  return lost;
}

std::set<ChunkId> VerifyRun::bad_chunks() const {
  std::set<ChunkId> all;
  for (const auto& [id, bad] : bad_) all.insert(id);
  return all;
}

BadChunk* VerifyRun::find_bad(const ChunkId& id) {
  const auto found = bad_.find(id);
  return found == bad_.end() ? nullptr : &found->second;
}

void VerifyRun::begin(Phase phase, std::uint64_t bytes_total) {
  const std::lock_guard lock(tell_mutex_);
  progress_.phase = phase;
  progress_.bytes_total = bytes_total;
}

void VerifyRun::add_bytes(std::uint64_t count) {
  bytes_ += count;
  tell();
}

void VerifyRun::add_file() {
  ++files_;
  tell();
}

void VerifyRun::tell() {
  if (options.control.progress == nullptr) return;
  const std::int64_t now = engine.system.monotonic_ns();
  if (now < next_tell_ns_.load(std::memory_order_relaxed)) return;
  const std::unique_lock lock(tell_mutex_, std::try_to_lock);
  if (!lock.owns_lock()) return;
  next_tell_ns_ = now + kTellEveryNanoseconds;
  progress_.bytes_done = bytes_;
  progress_.files_done = files_;
  options.control.progress->update(progress_);
}

void VerifyRun::check_stop() const {
  const Control& control = options.control;
  if (control.stop != nullptr && control.stop->load()) throw Error(ErrorKind::interrupted, "the verification was interrupted");
  if (control.time_limit_ms && engine.system.monotonic_ns() - started_ns_ > *control.time_limit_ms * kNanosecondsPerMillisecond)
    throw Error(ErrorKind::timed_out, "the verification was not done in the time it had");
}

bool VerifyRun::is_time_over() const {
  return options.max_time_ms && engine.system.monotonic_ns() - started_ns_ >= *options.max_time_ms * kNanosecondsPerMillisecond;
}

std::size_t VerifyRun::job_count() const noexcept {
  if (options.control.jobs != 0) return options.control.jobs;
  return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, kMaxJobs);
}

/// A damaged record can't be described; its number still says which it is.
std::vector<CheckpointInfo> VerifyRun::describe(const std::set<std::uint64_t>& numbers) {
  std::vector<CheckpointInfo> result;
  for (const std::uint64_t number : numbers) {
    auto known = described_.find(number);
    if (known == described_.end()) {
      CheckpointInfo info;
      info.number = number;
      try {
        // What a damage affects may be a move of HEAD, which has a number and no id.
        const Record record = engine.log->get(number);
        if (record.kind != RecordKind::move) info = describe_checkpoint(engine, {number, record.id()}, false);
      } catch (const Error&) {
        // what is wrong with it stands in the report already
      }
      known = described_.emplace(number, std::move(info)).first;
    }
    result.push_back(known->second);
  }
  return result;
}

VerifyReport VerifyRun::finish() {
  std::set<std::uint64_t> all_affected, rest_affected;
  std::size_t chunk_problems = 0;
  std::erase_if(bad_, [](const auto& item) { return item.second.is_leftover && item.second.affected.empty(); });
  for (auto& [id, bad] : bad_) {
    all_affected.insert(bad.affected.begin(), bad.affected.end());
    if (++chunk_problems > kMaxChunkProblems) {
      rest_affected.insert(bad.affected.begin(), bad.affected.end());
      continue;
    }
    std::string message = bad.message;
    if (!bad.path.empty()) message += "; needed by " + quoted(bad.path);
    found_.push_back({{"chunk", bad.where, std::move(message), {}}, bad.affected});
  }
  if (chunk_problems > kMaxChunkProblems)
    found_.push_back({{"chunk", "packs", std::to_string(chunk_problems - kMaxChunkProblems) + " more chunks are damaged or missing", {}},
                      rest_affected});
  VerifyReport report;
  for (Found& found : found_) {
    // Which chunks an unreadable pack held can't be known; those that are nowhere else are missed.
    if (found.problem.kind == "pack" && has_unreadable_pack_ && found.affected.empty()) found.affected = all_affected;
    found.problem.affects = describe(found.affected);
    report.problems.push_back(std::move(found.problem));
  }
  std::stable_sort(report.problems.begin(), report.problems.end(),
                   [](const VerifyProblem& a, const VerifyProblem& b) { return std::tie(a.kind, a.where) < std::tie(b.kind, b.where); });
  report.checkpoints = checkpoint_count;
  report.packs = pack_count;
  report.chunks = chunk_count;
  report.checked_bytes = bytes_;
  report.is_complete = is_complete;
  report.seconds = static_cast<double>(engine.system.monotonic_ns() - started_ns_) / kNanosecondsPerSecond;
  return report;
}

}  // namespace metamori
