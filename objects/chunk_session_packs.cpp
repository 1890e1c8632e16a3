#include "objects/chunk_session_packs.hpp"

#include "base/assert.hpp"

namespace metamori {

SessionPacks::Appended SessionPacks::append(ByteView frame, std::vector<PackEntry> members) {
  const std::lock_guard lock(mutex_);
  if (slots_.empty() || slots_.back().sealed) {
    if (dirs_.tmp.get() < 0) throw Error(ErrorKind::io, "create a pack: the repository has no usable directory 'tmp'");
    slots_.push_back({std::make_unique<PackWriter>(system_, dirs_.tmp.get(), dirs_.packs.get()), nullptr});
  }
  Slot& slot = slots_.back();
  Appended result{static_cast<std::uint32_t>(slots_.size() - 1), slot.writer->append(frame, std::move(members)), false};
  if (slot.writer->bytes_written() >= limits_.pack_bytes || slot.writer->entry_count() >= limits_.pack_entries) {
    slot.sealed = slot.writer->seal();
    result.sealed = true;
  }
  return result;
}

std::optional<SessionPacks::Sealed> SessionPacks::find_sealed(const ChunkId& id) {
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (!slots_[i].sealed) continue;
    if (const auto entry = slots_[i].sealed->find(id)) return Sealed{static_cast<std::uint32_t>(i), *entry};
  }
  return std::nullopt;
}

void SessionPacks::read_frame(std::uint32_t slot, std::uint64_t offset, Bytes& out) {
  const std::lock_guard lock(mutex_);
  MM_ASSERT(slot < slots_.size());
  if (!slots_[slot].sealed) return slots_[slot].writer->read_frame(offset, out);
  const ByteView frame = slots_[slot].sealed->frame(offset);
  out.assign(frame.begin(), frame.end());
}

SessionPacks::Published SessionPacks::publish_all() {
  const std::lock_guard lock(mutex_);
  Published published;
  for (Slot& slot : slots_) slot.writer->prepare();
  for (Slot& slot : slots_) {
    published.names.push_back(slot.writer->publish());
    published.bytes += slot.writer->bytes_written();
  }
  slots_.clear();
  return published;
}

}  // namespace metamori
