#include "core/verify_frames.hpp"

#include <algorithm>

#include "base/digest.hpp"
#include "objects/frame_layout.hpp"
#include "objects/pack_layout.hpp"

namespace metamori {
namespace {

[[noreturn]] void fail(const std::string& why) { throw Error(ErrorKind::corrupt, why); }

}  // namespace

void check_rows(ByteView frame, std::span<const PackEntry> rows, std::string_view where) {
  const FrameHeader header = decode_frame_header(frame, where);
  const bool is_group = header.form == Form::group;
  const std::vector<std::uint32_t> lengths = is_group ? group_member_lengths(frame, where) : std::vector<std::uint32_t>{};
  if (rows.size() != header.member_count)
    fail("the index names " + std::to_string(rows.size()) + " chunks of " + std::to_string(header.member_count));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const PackEntry& row = rows[i];
    if (row.member != i) fail("the index leaves a member of a group out");
    if (row.raw_len != (is_group ? lengths[i] : header.raw_len)) fail("index and frame tell different lengths");
    if (row.depth != header.depth) fail("index and frame tell different depths");
    if (header.kind != Kind::mixed && row.kind != header.kind) fail("index and frame tell different kinds");
    if (!is_group && row.id != header.id) fail("index and frame tell different ids");
  }
}

std::shared_ptr<PackCheck> PackCheck::open(VerifyRun& run, const PackName& name) {
  try {
    return std::make_shared<PackCheck>(run, PackReader::open(run.engine.system, run.engine.dirs.packs.get(), name));
  } catch (const Error& error) {
    // gc, which may run at the same time, took it away: what is needed of it is elsewhere, or missed when the records are looked at.
    if (error.kind() == ErrorKind::io && !run.engine.store->index().still_present(name)) return nullptr;
    run.note_unreadable_pack();
    run.note_damaged_pack(name);
    run.note("pack", "packs/" + pack_file_name(name), error.what());
    return nullptr;
  }
}

PackCheck::PackCheck(VerifyRun& run, std::shared_ptr<const PackReader> pack)
    : run_(run), pack_(std::move(pack)), frames_(*pack_), has_bad_header_(frames_.frames().size()) {}

std::size_t PackCheck::frame_at(std::uint64_t offset) const noexcept {
  const std::vector<FrameRows>& all = frames_.frames();
  const auto found = std::lower_bound(all.begin(), all.end(), offset, [](const FrameRows& a, std::uint64_t b) { return a.offset < b; });
  return static_cast<std::size_t>(found - all.begin());
}

void PackCheck::check_layout() {
  std::uint64_t expected = kPackHeaderBytes;
  bool is_last_sound = true;
  for (std::size_t i = 0; i < frame_count(); ++i) {
    run_.check_stop();
    const FrameRows& frame = this->frame(i);
    std::uint64_t length = 0;
    is_last_sound = true;
    try {
      const ByteView bytes = pack_->frame(frame.offset);
      length = bytes.size();
      check_rows(bytes, frame.rows, pack_->path());
      if (frame.offset != expected) fail("there is a gap before it");
    } catch (const Error& error) {
      has_bad_header_[i] = length == 0;
      is_last_sound = length != 0;
      note_frame(frame, error.what());
    }
    expected = frame.offset + length;
  }
  const std::uint64_t end = pack_->file_bytes() - kPackFooterBytes - kPackEntryBytes * pack_->entry_count();
  if (frame_count() == 0 || !is_last_sound || expected == end) return;
  run_.note("pack", pack_->path(), "there are bytes that belong to no frame");
  run_.note_damaged_pack(name());
}

void PackCheck::check_data(std::size_t index) {
  if (has_bad_header_[index]) return;
  const FrameRows& frame = this->frame(index);
  try {
    const ByteView bytes = pack_->frame(frame.offset);
    Bytes raw;
    decode_frame(
        bytes, [this](const ChunkId& id, Bytes& base) { run_.engine.store->read(id, base); }, true, raw, pack_->path());
    if (decode_frame_header(bytes, pack_->path()).form == Form::group) check_members(raw, frame);
    run_.add_bytes(raw.size());
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::corrupt && error.kind() != ErrorKind::io) throw;
    note_frame(frame, error.what());
  }
}

void PackCheck::check_members(ByteView raw, const FrameRows& frame) const {
  for (const PackEntry& row : frame.rows) {
    if (row.raw_len > raw.size()) fail("the members of a group are longer than the group");
    if (sha256(raw.first(row.raw_len)) != row.id) fail("a member of a group has other bytes than its id names");
    raw = raw.subspan(row.raw_len);
  }
}

/// Whether a frame is sound, and what it rests on is nowhere.
bool PackCheck::lacks_base(ByteView frame, const std::string& path, unsigned budget) const {
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
bool PackCheck::is_leftover(const FrameRows& frame) const {
  try {
    return lacks_base(pack_->frame(frame.offset), pack_->path(), kMaxDeltaDepth + 1);
  } catch (const Error&) {
    return false;
  }
}

/// Whether the damage is here, and not in what the frame rests on.
bool PackCheck::is_damaged_itself(const FrameRows& frame) const {
  std::vector<ChunkId> bases;
  try {
    const ByteView bytes = pack_->frame(frame.offset);
    if (check_frame(bytes, pack_->path()).depth > 0) bases = frame_bases(bytes, pack_->path()).ids;
    check_rows(bytes, frame.rows, pack_->path());
  } catch (const Error&) {
    return true;
  }
  Bytes scratch;
  return std::all_of(bases.begin(), bases.end(), [&](const ChunkId& id) {
    try {
      run_.engine.store->read(id, scratch);
      return true;
    } catch (const Error&) {
      return false;
    }
  });
}

/// Chunks of which another pack holds a sound copy are not lost, but the pack is damaged all the same.
void PackCheck::note_frame(const FrameRows& frame, const std::string& message) {
  const std::string where = pack_->path() + " at " + std::to_string(frame.offset);
  const bool is_left = is_leftover(frame);
  if (!is_left && is_damaged_itself(frame)) run_.note_damaged_pack(name());
  bool lost = false;
  Bytes scratch;
  for (const PackEntry& row : frame.rows) {
    try {
      run_.engine.store->read(row.id, scratch);
    } catch (const Error& missing) {
      run_.note_chunk(row.id, where + ", chunk " + to_hex(row.id), missing.what(), is_left);
      lost = true;
    }
  }
  if (!lost && !is_left) run_.note("pack", where, message + "; its chunks can still be read");
}

}  // namespace metamori
