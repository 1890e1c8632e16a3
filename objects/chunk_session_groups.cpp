#include "objects/chunk_session_groups.hpp"

#include <utility>

#include "base/assert.hpp"
#include "objects/frame_layout.hpp"

namespace metamori {

std::shared_ptr<GatheredGroup> GroupGatherer::add(Kind kind, const ChunkId& id, ByteView raw) {
  MM_ASSERT(static_cast<std::size_t>(kind) < kKindCount);
  Open& open = open_[static_cast<std::size_t>(kind)];
  const std::lock_guard lock(open.mutex);
  if (!open.group) {
    open.group = std::make_shared<GatheredGroup>();
    open.group->kind = kind;
    const std::lock_guard live_lock(live_mutex_);
    open.group->number = ++last_number_;
    live_.emplace(open.group->number, open.group);
  }
  GatheredGroup& group = *open.group;
  bool full = false;
  {
    const std::lock_guard group_lock(group.mutex);
    group.raw.insert(group.raw.end(), raw.begin(), raw.end());
    group.lengths.push_back(static_cast<std::uint32_t>(raw.size()));
    group.ids.push_back(id);
    full = group.raw.size() >= group_bytes_ || group.ids.size() == kMaxGroupMembers;
  }
  // Before anyone can close the group, so that the place in the pack always comes after this one.
  places_.settle(id, {group.number, Place::kInGroup, static_cast<std::uint16_t>(group.ids.size() - 1)});
  return full ? std::exchange(open.group, nullptr) : nullptr;
}

std::vector<std::shared_ptr<GatheredGroup>> GroupGatherer::take_all() {
  std::vector<std::shared_ptr<GatheredGroup>> groups;
  for (Open& open : open_) {
    const std::lock_guard lock(open.mutex);
    if (open.group) groups.push_back(std::exchange(open.group, nullptr));
  }
  return groups;
}

void GroupGatherer::written(const GatheredGroup& group) {
  const std::lock_guard lock(live_mutex_);
  live_.erase(group.number);
}

bool GroupGatherer::read(std::uint64_t number, std::uint16_t member, Bytes& out) {
  std::shared_ptr<GatheredGroup> group;
  {
    const std::lock_guard lock(live_mutex_);
    const auto found = live_.find(number);
    if (found == live_.end()) return false;
    group = found->second;
  }
  const std::lock_guard lock(group->mutex);
  std::size_t begin = 0;
  for (std::uint16_t i = 0; i < member; ++i) begin += group->lengths[i];
  const ByteView bytes = ByteView(group->raw).subspan(begin, group->lengths[member]);
  out.assign(bytes.begin(), bytes.end());
  return true;
}

}  // namespace metamori
