#include "core/copy_chunks.hpp"

#include <algorithm>
#include <tuple>

#include "base/digest.hpp"
#include "core/base_pieces.hpp"
#include "objects/chunk_store_groups.hpp"

namespace metamori {
namespace {

constexpr std::size_t kBatchChunks = 32U << 10;  ///< about 100 bytes each
constexpr std::uint64_t kTaskBytes = 1U << 20;   ///< of content, for one task
constexpr std::size_t kKeptBytes = 64U << 20;

bool is_same_frame(const ChunkLocation& a, const ChunkLocation& b) { return a.pack == b.pack && a.offset == b.offset; }

}  // namespace

std::shared_ptr<const Bytes> BaseCache::find(const ChunkId& id) {
  const std::lock_guard lock(mutex_);
  const auto found = places_.find(id);
  if (found == places_.end()) return nullptr;
  kept_.splice(kept_.begin(), kept_, found->second);
  return found->second->raw;
}

void BaseCache::add(const ChunkId& id, Bytes raw) {
  const std::lock_guard lock(mutex_);
  if (places_.contains(id)) return;
  held_bytes_ += raw.size();
  kept_.push_front({id, std::make_shared<const Bytes>(std::move(raw))});
  places_.emplace(id, kept_.begin());
  while (held_bytes_ > kKeptBytes && kept_.size() > 1) {
    held_bytes_ -= kept_.back().raw->size();
    places_.erase(kept_.back().id);
    kept_.pop_back();
  }
}

void BaseCache::read(const ChunkId& id, std::uint16_t max_depth, Bytes& out) {
  if (const auto raw = find(id)) {
    out = *raw;
    return;
  }
  const auto where = source_.index().find(id, true, max_depth);
  if (!where || where->depth == 0) {
    source_.read(id, out);
  } else {
    // Copies of less and less depth: this ends.
    const auto below = static_cast<std::uint16_t>(where->depth - 1);
    decode_frame(
        where->pack->frame(where->offset), [&](const ChunkId& base, Bytes& bytes) { read(base, below, bytes); }, false, out,
        where->pack->path());
  }
  add(id, out);
}

void ChunkCarrier::want(const ChunkId& id) {
  if (wanted_.contains(id) || target_.find_depth(id)) return;
  wanted_.insert(id);
  if (wanted_.size() >= kBatchChunks) carry();
}

void ChunkCarrier::carry() {
  std::vector<Piece> pieces;
  pieces.reserve(wanted_.size());
  Bytes raw;
  for (const ChunkId& id : wanted_) {
    const auto where = source_.index().find(id, true);
    if (!where) source_.read(id, raw);  // throws, saying why
    pieces.push_back({id, *where});
  }
  wanted_.clear();
  // What others rest on is of less depth than they are; within a depth packs are read from front to back.
  std::sort(pieces.begin(), pieces.end(), [](const Piece& a, const Piece& b) {
    const auto rank = [](const Piece& piece) {
      return std::tuple(piece.where.depth, piece.where.pack->name(), piece.where.offset, piece.where.member);
    };
    return rank(a) < rank(b);
  });
  for (std::size_t begin = 0; begin < pieces.size();) {
    std::size_t end = begin;
    while (end < pieces.size() && pieces[end].where.depth == pieces[begin].where.depth) ++end;
    carry_depth(std::span(pieces).subspan(begin, end - begin));
    begin = end;
  }
}

void ChunkCarrier::carry_depth(std::span<const Piece> pieces) {
  for (std::size_t begin = 0; begin < pieces.size();) {
    std::size_t end = begin;
    for (std::uint64_t bytes = 0; end < pieces.size() && bytes < kTaskBytes; ++end) bytes += pieces[end].where.raw_len;
    while (end < pieces.size() && is_same_frame(pieces[end].where, pieces[end - 1].where)) ++end;
    pool_.submit([this, task = pieces.subspan(begin, end - begin)] { carry_frames(task); });
    begin = end;
  }
  pool_.wait();
}

void ChunkCarrier::carry_frames(std::span<const Piece> pieces) {
  for (std::size_t begin = 0; begin < pieces.size();) {
    std::size_t end = begin + 1;
    while (end < pieces.size() && is_same_frame(pieces[end].where, pieces[begin].where)) ++end;
    meter_.check_stop();
    carry_frame(pieces.subspan(begin, end - begin));
    begin = end;
  }
}

void ChunkCarrier::carry_frame(std::span<const Piece> pieces) {
  const ChunkLocation& where = pieces.front().where;
  try {
    const ByteView frame = where.pack->frame(where.offset);
    const FrameHeader header = decode_frame_header(frame, where.pack->path());
    if (header.form == Form::group) {
      carry_group(frame, header, pieces);
    } else {
      carry_alone(frame, header, pieces.front());
    }
    bytes_carried_ += frame.size();
    chunks_ += pieces.size();
    meter_.add_bytes(frame.size());
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::corrupt) throw;
    carry_again(pieces);
  }
}

/// From another copy, if there is a sound one.
void ChunkCarrier::carry_again(std::span<const Piece> pieces) {
  Bytes raw;
  for (const Piece& piece : pieces) {
    source_.read(piece.id, raw);
    const auto entry = piece.where.pack->find(piece.id);
    target_.put_known(piece.id, raw, entry ? entry->kind : Kind::other, {});
    bytes_carried_ += raw.size();
    ++chunks_;
    meter_.add_bytes(raw.size());
  }
}

void ChunkCarrier::carry_group(ByteView frame, const FrameHeader& header, std::span<const Piece> pieces) {
  const PackReader& pack = *pieces.front().where.pack;
  const DecodedGroup group(frame, pack.path());
  std::vector<ByteView> members;
  std::vector<PackEntry> entries;
  for (const Piece& piece : pieces) {
    members.push_back(group.member(piece.where.member, pack.path()));
    const auto entry = pack.find(piece.id);
    if (!entry || entry->offset != piece.where.offset) ByteReader({}, pack.path()).fail("the index names another place for a chunk");
    entries.push_back(*entry);
  }
  std::vector<ChunkId> ids(members.size());
  sha256_each(members, ids);
  for (std::size_t i = 0; i < ids.size(); ++i)
    if (ids[i] != pieces[i].id) ByteReader({}, pack.path()).fail("a member of a group has other bytes than its id names");
  if (entries.size() == header.member_count && target_.put_frame(frame, entries)) return;
  for (std::size_t i = 0; i < ids.size(); ++i) target_.put_known(ids[i], members[i], entries[i].kind, {});
}

void ChunkCarrier::carry_alone(ByteView frame, const FrameHeader& header, const Piece& piece) {
  const PackReader& pack = *piece.where.pack;
  const auto entry = pack.find(piece.id);
  if (!entry || entry->offset != piece.where.offset || header.id != piece.id)
    ByteReader({}, pack.path()).fail("the index names another place for a chunk");
  const auto below = static_cast<std::uint16_t>(header.depth - 1);  // of a whole chunk nobody asks
  thread_local Bytes raw;
  decode_frame(
      frame, [&](const ChunkId& base, Bytes& bytes) { bases_.read(base, below, bytes); }, true, raw, pack.path());
  if (!target_.put_frame(frame, {&*entry, 1}))
    target_.put_known(piece.id, raw, entry->kind, header.depth > 0 ? likely_bases(frame, piece) : BaseList{});
  if (header.depth > 0) bases_.add(piece.id, std::exchange(raw, {}));
}

/// What the target has of the chunks that this one rests on in the source, in whichever number of steps.
BaseList ChunkCarrier::likely_bases(ByteView frame, const Piece& piece) {
  constexpr std::size_t kExpandMax = 512;  ///< bases looked at for one chunk
  std::vector<BasePiece> found;
  std::size_t budget = kExpandMax;
  struct Open {
    BaseList list;
    std::int64_t begin = 0;
  };
  std::vector<Open> open{{frame_bases(frame, piece.where.pack->path()), 0}};
  while (!open.empty()) {
    const Open step = std::move(open.back());
    open.pop_back();
    std::int64_t offset = step.begin - static_cast<std::int64_t>(step.list.skip);
    for (const ChunkId& id : step.list.ids) {
      if (budget-- == 0) return base_row(std::move(found), piece.where.raw_len);
      const auto where = source_.index().find(id, false);
      if (!where) break;
      if (target_.find_depth(id)) {
        found.push_back({id, offset, where->raw_len});
      } else if (where->depth > 0) {
        open.push_back({frame_bases(where->pack->frame(where->offset), where->pack->path()), offset});
      }
      offset += where->raw_len;
    }
  }
  return base_row(std::move(found), piece.where.raw_len);
}

}  // namespace metamori
