// What a session takes as it is: chunks that published packs hold, and whole frames of another repository.

#include "base/assert.hpp"
#include "objects/chunk_session_impl.hpp"
#include "objects/frame_layout.hpp"

namespace metamori {

/// Whether a published pack holds the chunk, and it can be read. Each pack is opened when it is first relied on: a chunk must not be left
/// to one whose index is damaged. Nor to one of a chain that does not end: a gc that was cut short may leave packs of which what they rest
/// on is gone.
bool ChunkSession::Impl::reuse(const ChunkId& id) {
  const auto holder = store.index.find_pack(id);
  if (!holder) return false;
  {
    const std::lock_guard lock(relied.mutex);
    if (relied.unsound.contains(holder->pack)) return false;
    if (relied.sound.contains(holder->pack) && (holder->depth == 0 || relied.whole.contains(id))) return true;
  }
  const auto where = store.index.find(id, false);
  if (!where) {
    const std::lock_guard lock(relied.mutex);
    relied.unsound.insert(holder->pack);
    return false;
  }
  if (where->depth > 0 && !rely_on_chain(*where, kMaxDeltaDepth + 1)) return false;
  const std::lock_guard lock(relied.mutex);
  if (where->pack->name() != holder->pack) relied.unsound.insert(holder->pack);
  relied.sound.insert(where->pack->name());
  if (where->depth > 0) relied.whole.insert(id);
  return true;
}

/// Whether all that a copy rests on is there. It is relied on from now on, as the copy itself is.
bool ChunkSession::Impl::rely_on_chain(const ChunkLocation& copy, unsigned budget) {
  if (budget == 0) return false;
  const FrameHeader header = decode_frame_header(copy.pack->frame(copy.offset), copy.pack->path());
  for (const ChunkId& base : frame_bases(copy.pack->frame(copy.offset), copy.pack->path()).ids) {
    {
      const std::lock_guard lock(relied.mutex);
      if (relied.whole.contains(base)) continue;
    }
    const auto where = store.index.find(base, false, static_cast<std::uint16_t>(header.depth - 1));
    if (!where || (where->depth > 0 && !rely_on_chain(*where, budget - 1))) return false;
    const std::lock_guard lock(relied.mutex);
    if (relied.unsound.contains(where->pack->name())) return false;
    relied.sound.insert(where->pack->name());
    relied.whole.insert(base);
  }
  return true;
}

/// Of a chunk that is there, in a published pack or in this session.
std::optional<std::uint16_t> ChunkSession::Impl::depth_of(const ChunkId& id) {
  if (const auto place = places.get(id)) return place->depth;
  if (const auto sealed = packs.find_sealed(id)) return sealed->entry.depth;
  if (!reuse(id)) return std::nullopt;
  const auto where = store.index.find(id, false);
  if (!where) return std::nullopt;
  return where->depth;
}

/// The depth that a frame of another repository has here; nothing if it can't be decoded here.
std::optional<std::uint16_t> ChunkSession::Impl::depth_here(ByteView frame, const FrameHeader& header) {
  if (header.depth == 0) return 0;
  unsigned depth = 0;
  for (const ChunkId& base : frame_bases(frame, "a frame to be copied").ids) {
    const auto below = depth_of(base);
    if (!below) return std::nullopt;
    depth += 1U + *below;
    if (depth > kMaxDeltaDepth) return std::nullopt;
  }
  // It may be stated too high, never too low: a base is to be found among the copies of less depth.
  return std::max(header.depth, static_cast<std::uint16_t>(depth));
}

/// All or none.
bool ChunkSession::Impl::claim_all(std::span<const PackEntry> members) {
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (!packs.find_sealed(members[i].id) && places.claim(members[i].id)) continue;
    while (i > 0) places.release(members[--i].id);
    return false;
  }
  return true;
}

void ChunkSession::Impl::append_frame(ByteView frame, const FrameHeader& header, std::uint16_t depth, std::span<const PackEntry> members) {
  constexpr std::size_t kDepthOffset = 20;
  constexpr std::size_t kAfterDepth = kDepthOffset + sizeof(std::uint16_t);
  std::vector<PackEntry> entries(members.begin(), members.end());
  for (PackEntry& entry : entries) entry.depth = static_cast<std::uint8_t>(depth);
  ByteWriter rewritten;
  if (depth != header.depth) {
    rewritten.raw(frame.first(kDepthOffset));
    rewritten.u16(depth);
    rewritten.raw(frame.subspan(kAfterDepth, kFrameChecksumOffset - kAfterDepth));
    rewritten.u64(frame_checksum(rewritten.view(), frame.subspan(kFrameHeaderBytes), {}));
    rewritten.raw(frame.subspan(kFrameHeaderBytes));
    frame = rewritten.view();
  }
  const SessionPacks::Appended appended = packs.append(frame, std::move(entries));
  for (const PackEntry& member : members)
    places.settle(member.id, {appended.offset, appended.slot, member.member, static_cast<std::uint8_t>(depth)});
  if (appended.sealed) places.forget_slot(appended.slot);
}

std::optional<std::uint16_t> ChunkSession::find_depth(const ChunkId& id) {
  const std::shared_lock gate(impl_->gate);
  return impl_->depth_of(id);
}

void ChunkSession::distrust(const ChunkId& id) {
  const std::vector<ChunkLocation> copies = impl_->store.index.find_all(id);
  const std::lock_guard lock(impl_->relied.mutex);
  for (const ChunkLocation& copy : copies) {
    impl_->relied.unsound.insert(copy.pack->name());
    impl_->relied.sound.erase(copy.pack->name());
  }
  impl_->relied.whole.clear();
}

bool ChunkSession::is_new(const ChunkId& id) const {
  const std::shared_lock gate(impl_->gate);
  return impl_->places.get(id) || impl_->packs.find_sealed(id);
}

bool ChunkSession::put_frame(ByteView frame, std::span<const PackEntry> members) {
  const std::shared_lock gate(impl_->gate);
  const FrameHeader header = check_frame(frame, "a frame to be copied");
  MM_ASSERT(members.size() == header.member_count);
  // Before anything is claimed: nobody waits for a base that waits for this.
  const auto depth = impl_->depth_here(frame, header);
  if (!depth || !impl_->claim_all(members)) return false;
  try {
    impl_->append_frame(frame, header, *depth, members);
  } catch (...) {
    impl_->remember_failure();
    for (const PackEntry& member : members) impl_->places.release(member.id);
    throw;
  }
  impl_->chunks_put += members.size();
  impl_->chunks_new += members.size();
  impl_->raw_bytes_new += header.raw_len;
  return true;
}

}  // namespace metamori
