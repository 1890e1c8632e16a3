// Packs: what their indexes say against what their frames say, and with `data` against what they hold. Content may be read in parts: a
// share of all, or as much as the time allows. Then each run begins where the last one ended, so that they come round to everything.

#include <algorithm>
#include <deque>
#include <mutex>

#include "base/worker_pool.hpp"
#include "core/verify_frames.hpp"
#include "core/verify_position.hpp"

namespace metamori {
namespace {

constexpr std::uint64_t kTaskBytes = 8 << 20;  ///< stored bytes that one task reads
constexpr std::size_t kMaxTasks = 64;          ///< waiting at a time
constexpr std::uint32_t kAllPercent = 100;
constexpr std::uint64_t kUnlimited = ~std::uint64_t{0};

struct SizedPack {
  PackName name;
  std::uint64_t bytes = 0;
};

std::vector<SizedPack> list_sized_packs(Engine& engine) {
  std::vector<SizedPack> packs;
  for (const PackName& name : list_packs(engine.system, engine.dirs.packs.get())) {
    FileStat found;
    const bool is_known = engine.system.stat_at(engine.dirs.packs.get(), pack_file_name(name).c_str(), found) >= 0;
    packs.push_back({name, is_known ? found.size_bytes : 0});
  }
  std::sort(packs.begin(), packs.end(), [](const SizedPack& a, const SizedPack& b) { return a.name < b.name; });
  return packs;
}

std::uint64_t total_bytes(const std::vector<SizedPack>& packs) {
  std::uint64_t total = 0;
  for (const SizedPack& pack : packs) total += pack.bytes;
  return total;
}

/// Where a run that reads a part begins. Nobody can keep a place where nothing can be written; runs that begin anywhere come round, too.
VerifyPosition first_position(Engine& engine, const std::vector<SizedPack>& packs, std::uint64_t total) {
  if (!engine.read_only) return read_verify_position(engine).value_or(VerifyPosition{});
  std::uint64_t at = 0;
  engine.system.random(std::as_writable_bytes(std::span(&at, 1)));
  at = total == 0 ? 0 : at % total;
  for (const SizedPack& pack : packs) {
    if (at < pack.bytes) return {pack.name, at};
    at -= pack.bytes;
  }
  return {};
}

class PackWalk {
 public:
  explicit PackWalk(VerifyRun& run) : run_(run), pool_(run.options.data ? run.job_count() : 1) {}

  void run(const std::vector<SizedPack>& packs) {
    const VerifyOptions& options = run_.options;
    const std::uint64_t total = total_bytes(packs);
    const bool is_part = options.data && (options.sample_percent < kAllPercent || options.max_time_ms);
    if (options.data)
      bytes_left_ = options.sample_percent < kAllPercent ? (total * options.sample_percent + kAllPercent - 1) / kAllPercent : kUnlimited;
    run_.begin(Phase::verify, std::min(total, bytes_left_));
    const VerifyPosition first = is_part ? first_position(run_.engine, packs, total) : VerifyPosition{};
    next_ = first;
    const auto begin = std::find_if(packs.begin(), packs.end(), [&](const SizedPack& pack) { return pack.name >= first.pack; });
    std::shared_ptr<PackCheck> cut;  // the pack in which it begins: what lies before that comes last
    std::size_t cut_at = 0;
    const auto visit = [&](const SizedPack& pack) {
      run_.check_stop();
      const auto check = open(pack.name);
      if (!check) return;
      const std::size_t from = pack.name == first.pack ? check->frame_at(first.offset) : 0;
      if (from > 0) {
        cut = check;
        cut_at = from;
      }
      read(check, from, check->frame_count());
    };
    std::for_each(begin, packs.end(), visit);
    std::for_each(packs.begin(), begin, visit);
    if (cut) read(cut, 0, cut_at);
    wait();
    run_.is_complete = !unread_;
    if (is_part) write_verify_position(run_.engine, unread_ ? unread_->position : next_);
  }

 private:
  std::shared_ptr<PackCheck> open(const PackName& name) {
    auto check = PackCheck::open(run_, name);
    if (!check) return check;
    for (std::size_t i = 0; i < check->frame_count(); ++i) run_.chunk_count += check->frame(i).rows.size();
    check->check_layout();
    return check;
  }

  /// Frames from `from` to `to`, as long as there is something left to read.
  void read(const std::shared_ptr<PackCheck>& check, std::size_t from, std::size_t to) {
    while (from < to && bytes_left_ > 0) {
      std::uint64_t bytes = 0;
      std::size_t end = from;
      for (; end < to && bytes < std::min(kTaskBytes, bytes_left_); ++end) bytes += check->frame(end).bytes;
      bytes_left_ -= bytes_left_ == kUnlimited ? 0 : std::min(bytes, bytes_left_);
      submit(check, from, end);
      next_ =
          end < check->frame_count() ? VerifyPosition{check->name(), check->frame(end).offset} : VerifyPosition{check->name(), kUnlimited};
      from = end;
    }
  }

  void submit(const std::shared_ptr<PackCheck>& check, std::size_t from, std::size_t to) {
    {
      const std::lock_guard lock(mutex_);
      parts_.push_back({task_count_++, check, from, to});
    }
    pool_.submit([this] { read_next(); });
    if (++waiting_ >= kMaxTasks) wait();
  }

  /// Whichever task the pool takes up, parts are read in their order: else what is left when the time is over would be the same each time.
  void read_next() {
    Part part;
    {
      const std::lock_guard lock(mutex_);
      part = std::move(parts_.front());
      parts_.pop_front();
    }
    for (std::size_t i = part.from; i < part.to; ++i) {
      run_.check_stop();
      if (run_.is_time_over()) return note_unread(part.order, {part.check->name(), part.check->frame(i).offset});
      part.check->check_data(i);
    }
  }

  void wait() {
    waiting_ = 0;
    pool_.wait();
    if (run_.is_time_over()) bytes_left_ = unread_ ? 0 : bytes_left_;
  }

  /// The next run begins with the first one, in the order in which they were to be read.
  void note_unread(std::uint64_t order, const VerifyPosition& position) {
    const std::lock_guard lock(mutex_);
    if (!unread_ || order < unread_->order) unread_ = {order, position};
  }

  struct Part {
    std::uint64_t order = 0;
    std::shared_ptr<PackCheck> check;
    std::size_t from = 0, to = 0;
  };
  struct Unread {
    std::uint64_t order = 0;
    VerifyPosition position;
  };
  VerifyRun& run_;
  std::uint64_t bytes_left_ = 0;
  VerifyPosition next_;
  std::uint64_t task_count_ = 0;
  std::size_t waiting_ = 0;
  std::mutex mutex_;
  std::deque<Part> parts_;
  std::optional<Unread> unread_;
  WorkerPool pool_;  // last, so that no task outlives what it uses
};

}  // namespace

void verify_pack(VerifyRun& run, const PackName& name) {
  const auto check = PackCheck::open(run, name);
  if (!check) return;
  check->check_layout();
  for (std::size_t i = 0; i < check->frame_count(); ++i) {
    run.check_stop();
    check->check_data(i);
  }
}

void verify_packs(VerifyRun& run) {
  std::vector<SizedPack> packs;
  try {
    packs = list_sized_packs(run.engine);
  } catch (const Error& error) {
    run.note("pack", "packs", error.what());
    return;
  }
  run.pack_count = packs.size();
  PackWalk(run).run(packs);
}

}  // namespace metamori
