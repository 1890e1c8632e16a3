#pragma once

#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "objects/chunk_session_places.hpp"
#include "objects/frame.hpp"

namespace metamori {

/// Small chunks of one kind on their way into one frame.
struct GatheredGroup {
  std::uint64_t number = 0;
  Kind kind = Kind::data;
  std::mutex mutex;  ///< guards what follows until the group is closed; afterwards it doesn't change
  Bytes raw;
  std::vector<std::uint32_t> lengths;
  std::vector<ChunkId> ids;
};

/// One open group for each kind. Thread-safe.
class GroupGatherer {
 public:
  GroupGatherer(std::size_t group_bytes, PlaceTable& places) : group_bytes_(group_bytes), places_(places) {}
  /// Adds a claimed chunk and settles it. Returns the group if it is full; the caller then encodes it, settles its chunks and calls
  /// `written`.
  std::shared_ptr<GatheredGroup> add(Kind kind, const ChunkId& id, ByteView raw);
  /// Takes the open groups that hold something.
  std::vector<std::shared_ptr<GatheredGroup>> take_all();
  void written(const GatheredGroup& group);
  /// Copies a member; false if the group has been written meanwhile.
  bool read(std::uint64_t number, std::uint16_t member, Bytes& out);

 private:
  struct Open {
    std::mutex mutex;
    std::shared_ptr<GatheredGroup> group;
  };
  static constexpr std::size_t kKindCount = 4;

  const std::size_t group_bytes_;
  PlaceTable& places_;
  std::array<Open, kKindCount> open_;
  std::mutex live_mutex_;
  std::uint64_t last_number_ = 0;
  std::map<std::uint64_t, std::shared_ptr<GatheredGroup>> live_;  ///< not written yet
};

}  // namespace metamori
