// Packs: what their indexes say against what their frames say, and with `data` against what they hold.

#include <algorithm>
#include <memory>

#include "base/digest.hpp"
#include "base/worker_pool.hpp"
#include "core/verify_run.hpp"
#include "objects/frame_layout.hpp"
#include "objects/pack.hpp"

namespace metamori {
namespace {

using Pack = std::shared_ptr<const PackReader>;

constexpr std::uint64_t kPackHeaderBytes = 32;
constexpr std::uint64_t kPackFooterBytes = 64;
constexpr std::uint64_t kPackEntryBytes = 48;
constexpr std::uint64_t kTaskBytes = 8 << 20;  ///< stored bytes that one task reads
constexpr std::size_t kMaxTasks = 64;          ///< waiting at a time
constexpr std::uint32_t kAllPercent = 100;

[[noreturn]] void fail(const std::string& why) { throw Error(ErrorKind::corrupt, why); }

std::string place_of(const Pack& pack, std::uint64_t offset) { return pack->path() + " at " + std::to_string(offset); }

/// One frame and the rows of the index that name it.
struct FrameRows {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  std::vector<PackEntry> rows;  ///< by member
};

/// Whether the sample takes this frame. Ids are uniform, so their first bytes choose evenly, and always the same.
bool is_sampled(const ChunkId& id, std::uint32_t percent) {
  const auto value = std::to_integer<std::uint32_t>(id.bytes[0]) | std::to_integer<std::uint32_t>(id.bytes[1]) << 8;
  return percent >= kAllPercent || value % kAllPercent < percent;
}

void check_rows(const FrameHeader& header, const FrameRows& frame, const std::vector<std::uint32_t>& lengths) {
  if (frame.rows.size() != header.member_count)
    fail("the index names " + std::to_string(frame.rows.size()) + " chunks of " + std::to_string(header.member_count));
  for (std::size_t i = 0; i < frame.rows.size(); ++i) {
    const PackEntry& row = frame.rows[i];
    if (row.member != i) fail("the index leaves a member of a group out");
    if (row.raw_len != (header.form == Form::group ? lengths[i] : header.raw_len)) fail("index and frame tell different lengths");
    if (row.depth != header.depth) fail("index and frame tell different depths");
    if (header.kind != Kind::mixed && row.kind != header.kind) fail("index and frame tell different kinds");
    if (header.form != Form::group && row.id != header.id) fail("index and frame tell different ids");
  }
}

class PackCheck {
 public:
  explicit PackCheck(VerifyRun& run) : run_(run), pool_(run.options.data ? run.job_count() : 1) {}

  void check(const PackName& name) {
    Pack pack;
    try {
      pack = PackReader::open(run_.engine.system, run_.engine.dirs.packs.get(), name);
    } catch (const Error& error) {
      // gc, which may run at the same time, took it away: what is needed of it is elsewhere, or missed when the records are looked at.
      if (error.kind() == ErrorKind::io && !run_.engine.store->index().still_present(name)) return;
      run_.note_unreadable_pack();
      run_.note("pack", "packs/" + pack_file_name(name), error.what());
      return;
    }
    run_.chunk_count += pack->entry_count();
    const auto frames = std::make_shared<std::vector<FrameRows>>(group_rows(*pack));
    check_layout(pack, *frames);
    if (!run_.options.data) return;
    std::uint64_t bytes = 0;
    for (std::size_t begin = 0, i = 0; i < frames->size(); ++i) {
      bytes += (*frames)[i].length;
      if (bytes < kTaskBytes && i + 1 < frames->size()) continue;
      submit(pack, frames, begin, i + 1);
      begin = i + 1;
      bytes = 0;
    }
  }
  void wait() {
    waiting_ = 0;
    pool_.wait();
  }

 private:
  static std::vector<FrameRows> group_rows(const PackReader& pack) {
    std::vector<PackEntry> rows(pack.entry_count());
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = pack.entry(i);
    std::sort(rows.begin(), rows.end(),
              [](const PackEntry& a, const PackEntry& b) { return std::pair(a.offset, a.member) < std::pair(b.offset, b.member); });
    std::vector<FrameRows> frames;
    for (const PackEntry& row : rows) {
      if (frames.empty() || frames.back().offset != row.offset) frames.push_back({row.offset, 0, {}});
      frames.back().rows.push_back(row);
    }
    return frames;
  }

  /// Headers alone, and that frames follow each other without gaps.
  void check_layout(const Pack& pack, std::vector<FrameRows>& frames) {
    std::uint64_t expected = kPackHeaderBytes;
    for (FrameRows& frame : frames) {
      run_.check_stop();
      try {
        const ByteView bytes = pack->frame(frame.offset);
        const FrameHeader header = decode_frame_header(bytes, pack->path());
        frame.length = kFrameHeaderBytes + header.stored_len;
        check_rows(header, frame, header.form == Form::group ? group_member_lengths(bytes, pack->path()) : std::vector<std::uint32_t>{});
        if (frame.offset != expected) fail("there is a gap before it");
      } catch (const Error& error) {
        note_frame(pack, frame, error);
      }
      expected = frame.offset + frame.length;
    }
    const std::uint64_t end = pack->file_bytes() - kPackFooterBytes - kPackEntryBytes * pack->entry_count();
    if (!frames.empty() && frames.back().length != 0 && expected != end)
      run_.note("pack", pack->path(), "there are bytes that belong to no frame");
  }

  void submit(const Pack& pack, const std::shared_ptr<std::vector<FrameRows>>& frames, std::size_t begin, std::size_t end) {
    pool_.submit([this, pack, frames, begin, end] {
      for (std::size_t i = begin; i < end; ++i) {
        run_.check_stop();
        check_data(pack, (*frames)[i]);
      }
    });
    if (++waiting_ >= kMaxTasks) wait();
  }

  void check_data(const Pack& pack, const FrameRows& frame) {
    if (frame.length == 0) return;  // its header was found damaged
    try {
      const ByteView bytes = pack->frame(frame.offset);
      const FrameHeader header = decode_frame_header(bytes, pack->path());
      if (!is_sampled(header.id, run_.options.sample_percent)) return;
      Bytes raw;
      decode_frame(
          bytes, [this](const ChunkId& id, Bytes& base) { run_.engine.store->read(id, base); }, true, raw, pack->path());
      if (header.form == Form::group) check_members(raw, frame);
      run_.add_bytes(raw.size());
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::corrupt && error.kind() != ErrorKind::io) throw;
      note_frame(pack, frame, error);
    }
  }

  static void check_members(ByteView raw, const FrameRows& frame) {
    for (const PackEntry& row : frame.rows) {
      if (row.raw_len > raw.size()) fail("the members of a group are longer than the group");
      if (sha256(raw.first(row.raw_len)) != row.id) fail("a member of a group has other bytes than its id names");
      raw = raw.subspan(row.raw_len);
    }
  }

  /// Whether a frame is sound, and what it rests on is nowhere.
  bool lacks_base(ByteView frame, const std::string& path, unsigned budget) {
    if (budget == 0) return false;
    const FrameHeader header = check_frame(frame, path);
    if (header.depth == 0) return false;
    const std::vector<ChunkId> bases = frame_bases(frame, path).ids;
    return std::any_of(bases.begin(), bases.end(), [&](const ChunkId& id) {
      const auto where = run_.engine.store->index().find(id, true);
      return !where || lacks_base(where->pack->frame(where->offset), where->pack->path(), budget - 1);
    });
  }

  /// A gc that was cut short leaves packs of which what they rest on is gone already. That is no damage where no checkpoint needs them.
  bool is_leftover(const Pack& pack, const FrameRows& frame) {
    try {
      return lacks_base(pack->frame(frame.offset), pack->path(), kMaxDeltaDepth + 1);
    } catch (const Error&) {
      return false;
    }
  }

  /// Chunks of which another pack holds a sound copy are not lost, but the pack is damaged all the same.
  void note_frame(const Pack& pack, const FrameRows& frame, const Error& error) {
    bool lost = false;
    const bool is_left = is_leftover(pack, frame);
    Bytes scratch;
    for (const PackEntry& row : frame.rows) {
      try {
        run_.engine.store->read(row.id, scratch);
      } catch (const Error& missing) {
        run_.note_chunk(row.id, place_of(pack, frame.offset) + ", chunk " + to_hex(row.id), missing.what(), is_left);
        lost = true;
      }
    }
    if (!lost && !is_left) run_.note("pack", place_of(pack, frame.offset), std::string(error.what()) + "; its chunks can still be read");
  }

  VerifyRun& run_;
  std::size_t waiting_ = 0;
  WorkerPool pool_;  // last, so that no task outlives what it uses
};

std::uint64_t total_bytes(VerifyRun& run, const std::vector<PackName>& names) {
  std::uint64_t total = 0;
  for (const PackName& name : names) {
    FileStat found;
    if (run.engine.system.stat_at(run.engine.dirs.packs.get(), pack_file_name(name).c_str(), found) >= 0) total += found.size_bytes;
  }
  return total;
}

}  // namespace

void verify_packs(VerifyRun& run) {
  std::vector<PackName> names;
  try {
    names = list_packs(run.engine.system, run.engine.dirs.packs.get());
  } catch (const Error& error) {
    run.note("pack", "packs", error.what());
    return;
  }
  std::sort(names.begin(), names.end());
  run.pack_count = names.size();
  run.begin(Phase::verify, run.options.data ? total_bytes(run, names) : 0);
  PackCheck check(run);
  for (const PackName& name : names) {
    run.check_stop();
    check.check(name);
  }
  check.wait();
}

}  // namespace metamori
