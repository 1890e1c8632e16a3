#include <algorithm>

#include "base/assert.hpp"
#include "objects/chunk_session_impl.hpp"
#include "objects/chunk_store_groups.hpp"

namespace metamori {
namespace {

// Below this, what a frame of its own costs is more than what a difference saves.
constexpr std::size_t kBasedBytesMin = 1024;
// Text is edited by inserting, which a patch can't tell; but for large chunks looking for it would cost as much as storing them.
constexpr std::size_t kDeltaDataMax = 64U << 10;
// Asking for single packs is cheaper up to about here than listing the directory.
constexpr std::size_t kAskSinglyMax = 64;

}  // namespace

void ChunkSession::Impl::append(ByteView frame, Kind kind, std::span<const ChunkId> ids, std::span<const std::uint32_t> lengths,
                                std::uint16_t depth) {
  std::vector<PackEntry> members(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i)
    members[i] = {ids[i], 0, lengths[i], static_cast<std::uint16_t>(i), static_cast<std::uint8_t>(depth), kind};
  const SessionPacks::Appended appended = packs.append(frame, std::move(members));
  for (std::size_t i = 0; i < ids.size(); ++i)
    places.settle(ids[i], {appended.offset, appended.slot, static_cast<std::uint16_t>(i), static_cast<std::uint8_t>(depth)});
  if (appended.sealed) places.forget_slot(appended.slot);
}

void ChunkSession::Impl::store_alone(const ChunkId& id, ByteView raw, Kind kind) {
  auto kit = kits.take();
  kit->encoder.plain(id, kind, raw, kit->frame);
  const auto length = static_cast<std::uint32_t>(raw.size());
  append(kit->frame.view(), kind, {&id, 1}, {&length, 1});
  kits.give_back(std::move(kit));
}

/// Puts the base's bytes into the kit. False if they are not to be had, or rest on too much themselves.
bool ChunkSession::Impl::read_base(EncodingKit& kit, EncodingBase& base) {
  base.depth = 0;
  kit.base.clear();
  for (const ChunkId& id : base.list.ids) {
    const auto where = reuse(id) ? store.index.find(id, false) : std::nullopt;  // its pack is relied on from now on
    if (!where) return false;
    base.depth = static_cast<std::uint16_t>(base.depth + 1 + where->depth);
    if (base.depth > kMaxDeltaDepth) return false;
    try {
      store.read_copy(*where, id, kit.piece);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::corrupt) throw;
      return false;  // whoever needs that chunk will be told; this one is better off without it
    }
    kit.base.insert(kit.base.end(), kit.piece.begin(), kit.piece.end());
  }
  if (kit.base.size() > kMaxRawBytes || base.list.skip > kit.base.size()) return false;
  base.bytes = ByteView(kit.base).subspan(base.list.skip);
  return true;
}

/// Stores it as what differs from `like`. False if that would not be clearly smaller.
bool ChunkSession::Impl::store_based(const ChunkId& id, ByteView raw, Kind kind, const BaseList& like) {
  if (like.ids.empty() || raw.size() < kBasedBytesMin) return false;
  auto kit = kits.take();
  EncodingBase base{like, {}, 0};
  bool made = read_base(*kit, base);
  if (made) {
    made = kind == Kind::data && kit->encoder.patch(id, kind, raw, base, kit->frame);
    if (!made && (kind != Kind::data || raw.size() <= kDeltaDataMax)) made = kit->encoder.delta(id, kind, raw, base, kit->frame);
  }
  const auto length = static_cast<std::uint32_t>(raw.size());
  if (made) append(kit->frame.view(), kind, {&id, 1}, {&length, 1}, base.depth);
  kits.give_back(std::move(kit));
  return made;
}

void ChunkSession::Impl::store_group(const GatheredGroup& group) {
  if (group.ids.size() == 1) {
    store_alone(group.ids.front(), group.raw, group.kind);
  } else {
    auto kit = kits.take();
    kit->encoder.group(group.kind, group.raw, group.lengths, kit->frame);
    append(kit->frame.view(), group.kind, group.ids, group.lengths);
    kits.give_back(std::move(kit));
  }
  gatherer.written(group);
}

void ChunkSession::Impl::store_chunk(const ChunkId& id, ByteView raw, Kind kind, const BaseList& like) {
  if (store_based(id, raw, kind, like)) return;
  if (raw.size() > limits.group_member_bytes) return store_alone(id, raw, kind);
  if (const auto full = gatherer.add(kind, id, raw)) store_group(*full);
}

void ChunkSession::Impl::remember_failure() {
  const std::lock_guard lock(state_mutex);
  if (!failure) failure = std::current_exception();
}

void ChunkSession::Impl::rethrow_failure() {
  const std::lock_guard lock(state_mutex);
  if (failure) std::rethrow_exception(failure);
}

void ChunkSession::Impl::read_frame(const ChunkId& id, std::uint32_t slot, std::uint64_t offset, std::uint16_t member, Bytes& out) {
  constexpr std::string_view kWhere = "a pack being written";
  Bytes frame;
  packs.read_frame(slot, offset, frame);
  if (decode_frame_header(frame, kWhere).form == Form::group) {
    const DecodedGroup group(frame, kWhere);
    const ByteView bytes = group.member(member, kWhere);
    out.assign(bytes.begin(), bytes.end());
  } else {
    decode_frame(
        frame,
        [this](const ChunkId& base_id, Bytes& base) {
          if (!read_own(base_id, base)) store.read(base_id, base);
        },
        false, out, kWhere);
  }
  check_id(out, id, kWhere);
}

bool ChunkSession::Impl::read_own(const ChunkId& id, Bytes& out) {
  while (const auto place = places.get(id)) {
    if (place->slot != Place::kInGroup) {
      read_frame(id, place->slot, place->at, place->member, out);
      return true;
    }
    if (gatherer.read(place->at, place->member, out)) return true;
    // The group went into a pack between the two looks: the place has changed.
  }
  const auto sealed = packs.find_sealed(id);
  if (sealed) read_frame(id, sealed->slot, sealed->entry.offset, sealed->entry.member, out);
  return sealed.has_value();
}

ChunkSession::ChunkSession(ChunkStore& store, SessionLimits limits) : impl_(std::make_unique<Impl>(*store.impl_, limits)) {}
ChunkSession::~ChunkSession() = default;

void ChunkSession::put_known(const ChunkId& id, ByteView raw, Kind kind, const BaseList& like) {
  MM_ASSERT(raw.size() <= kMaxRawBytes && kind != Kind::mixed);
  const std::shared_lock gate(impl_->gate);
  ++impl_->chunks_put;
  if (impl_->reuse(id) || impl_->packs.find_sealed(id) || !impl_->places.claim(id)) return;
  try {
    impl_->store_chunk(id, raw, kind, like);
  } catch (...) {
    // Other threads may have been told that this chunk is stored: nothing may be published that relies on it.
    impl_->remember_failure();
    impl_->places.release(id);
    throw;
  }
  ++impl_->chunks_new;
  impl_->raw_bytes_new += raw.size();
}

void ChunkSession::read(const ChunkId& id, Bytes& out) {
  {
    const std::shared_lock gate(impl_->gate);
    if (impl_->read_own(id, out)) return;
  }
  impl_->store.read(id, out);
}

void ChunkSession::flush() {
  const std::unique_lock gate(impl_->gate);
  impl_->rethrow_failure();
  try {
    for (const auto& group : impl_->gatherer.take_all()) impl_->store_group(*group);
    const SessionPacks::Published done = impl_->packs.publish_all();
    {
      const std::lock_guard lock(impl_->state_mutex);
      impl_->published.insert(impl_->published.end(), done.names.begin(), done.names.end());
    }
    impl_->pack_bytes += done.bytes;
    for (const PackName& name : done.names) impl_->store.index.add(name);
  } catch (...) {
    impl_->remember_failure();
    throw;
  }
  impl_->places.clear();
}

bool ChunkSession::packs_still_present() {
  std::set<PackName> needed;
  {
    const std::lock_guard lock(impl_->relied.mutex);
    needed = impl_->relied.sound;
  }
  for (const PackName& name : published()) needed.insert(name);
  std::vector<PackName> listed;
  if (needed.size() > kAskSinglyMax) listed = impl_->store.index.packs();
  std::vector<PackName> gone;
  for (const PackName& name : needed) {
    const bool present =
        needed.size() > kAskSinglyMax ? std::binary_search(listed.begin(), listed.end(), name) : impl_->store.index.still_present(name);
    if (!present) gone.push_back(name);
  }
  if (gone.empty()) return true;
  impl_->store.index.packs();  // looks at the directory again: what is gone is not found from now on
  const std::lock_guard relied_lock(impl_->relied.mutex);
  const std::lock_guard state_lock(impl_->state_mutex);
  for (const PackName& name : gone) {
    impl_->relied.sound.erase(name);
    impl_->relied.whole.clear();
    std::erase(impl_->published, name);
  }
  return false;
}

std::vector<PackName> ChunkSession::published() const {
  const std::lock_guard lock(impl_->state_mutex);
  return impl_->published;
}

SessionTotals ChunkSession::totals() const { return {impl_->chunks_put, impl_->chunks_new, impl_->raw_bytes_new, impl_->pack_bytes}; }

}  // namespace metamori
