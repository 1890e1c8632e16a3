#pragma once

#include <array>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "metamori/types.hpp"

namespace metamori {

/// Where a chunk of a session is that is in no published pack yet.
struct Place {
  static constexpr std::uint32_t kPending = 0xFFFFFFFF;  ///< a thread is at work on it
  static constexpr std::uint32_t kInGroup = 0xFFFFFFFE;  ///< gathered; `at` is the group's number
  std::uint64_t at = 0;                                  ///< of a written chunk: offset of its frame
  std::uint32_t slot = kPending;                         ///< of a written chunk: which of the session's packs
  std::uint16_t member = 0;
  std::uint8_t depth = 0;  ///< of a written chunk: of its frame
};

/// The chunks of a session by id, in shards so that threads rarely meet. Thread-safe.
class PlaceTable {
 public:
  /// False if the chunk is there or on its way. Otherwise the caller must settle or release it.
  bool claim(const ChunkId& id) {
    Shard& shard = shard_of(id);
    const std::lock_guard lock(shard.mutex);
    return shard.places.try_emplace(id).second;
  }
  void settle(const ChunkId& id, const Place& place) {
    Shard& shard = shard_of(id);
    {
      const std::lock_guard lock(shard.mutex);
      shard.places[id] = place;
    }
    shard.settled.notify_all();
  }
  void release(const ChunkId& id) {
    Shard& shard = shard_of(id);
    {
      const std::lock_guard lock(shard.mutex);
      shard.places.erase(id);
    }
    shard.settled.notify_all();
  }
  /// Waits for a chunk that another thread is just storing.
  std::optional<Place> get(const ChunkId& id) {
    Shard& shard = shard_of(id);
    std::unique_lock lock(shard.mutex);
    for (;;) {
      const auto found = shard.places.find(id);
      if (found == shard.places.end()) return std::nullopt;
      if (found->second.slot != Place::kPending) return found->second;
      shard.settled.wait(lock);
    }
  }
  /// Drops what is in one pack: the pack's own index answers for it from now on.
  void forget_slot(std::uint32_t slot) {
    for (Shard& shard : shards_) {
      const std::lock_guard lock(shard.mutex);
      std::erase_if(shard.places, [slot](const auto& item) { return item.second.slot == slot; });
    }
  }
  void clear() {
    for (Shard& shard : shards_) {
      const std::lock_guard lock(shard.mutex);
      shard.places.clear();
    }
  }

 private:
  static constexpr std::size_t kShardCount = 32;
  struct Shard {
    std::mutex mutex;
    std::condition_variable settled;
    std::unordered_map<ChunkId, Place> places;
  };
  // The map takes an id's first bytes as its hash; the shard takes the last.
  Shard& shard_of(const ChunkId& id) { return shards_[std::to_integer<std::size_t>(id.bytes.back()) % kShardCount]; }
  std::array<Shard, kShardCount> shards_;
};

}  // namespace metamori
