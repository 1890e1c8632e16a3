#include "objects/chunk_store_groups.hpp"

namespace metamori {
namespace {

constexpr std::size_t kHeldBytesMax = 8U << 20;

void no_base(const ChunkId&, Bytes&) {}

}  // namespace

DecodedGroup::DecodedGroup(ByteView frame, std::string_view where) {
  ends_ = group_member_lengths(frame, where);
  for (std::size_t i = 1; i < ends_.size(); ++i) ends_[i] += ends_[i - 1];
  decode_frame(frame, no_base, false, raw_, where);  // the member that is picked is verified, not all of them each time
}

ByteView DecodedGroup::member(std::uint16_t number, std::string_view where) const {
  if (number >= ends_.size()) ByteReader({}, where).fail("a group has fewer members than its index says");
  const std::size_t begin = number == 0 ? 0 : ends_[number - 1U];
  return ByteView(raw_).subspan(begin, ends_[number] - begin);
}

std::shared_ptr<const DecodedGroup> GroupCache::get(const PackReader& pack, std::uint64_t offset) {
  const Key key{pack.name(), offset};
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = places_.find(key); found != places_.end()) {
      items_.splice(items_.begin(), items_, found->second);
      return found->second->group;
    }
  }
  // Decoded outside of the lock; two threads that want the same group at once may both do it.
  auto group = std::make_shared<const DecodedGroup>(pack.frame(offset), pack.path());
  const std::lock_guard lock(mutex_);
  if (places_.contains(key)) return group;
  items_.push_front({key, group});
  places_[key] = items_.begin();
  held_bytes_ += group->size_bytes();
  while (held_bytes_ > kHeldBytesMax && items_.size() > 1) {
    held_bytes_ -= items_.back().group->size_bytes();
    places_.erase(items_.back().key);
    items_.pop_back();
  }
  return group;
}

}  // namespace metamori
