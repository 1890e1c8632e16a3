#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "objects/chunk_store.hpp"

namespace metamori {

/// The packs that a session is writing: one open, the full ones sealed, none published. Thread-safe but for publish_all.
class SessionPacks {
 public:
  SessionPacks(System& system, const RepositoryDirs& dirs, const SessionLimits& limits) : system_(system), dirs_(dirs), limits_(limits) {}
  struct Appended {
    std::uint32_t slot = 0;
    std::uint64_t offset = 0;
    bool sealed = false;  ///< the pack is full now: its index answers for all that is in it
  };
  Appended append(ByteView frame, std::vector<PackEntry> members);
  struct Sealed {
    std::uint32_t slot = 0;
    PackEntry entry;
  };
  /// In the packs that are full.
  std::optional<Sealed> find_sealed(const ChunkId& id);
  void read_frame(std::uint32_t slot, std::uint64_t offset, Bytes& out);
  struct Published {
    std::vector<PackName> names;
    std::uint64_t bytes = 0;
  };
  /// Makes all durable, then names them; nothing is named if there is no space for all. Afterwards there are no packs here.
  Published publish_all();

 private:
  struct Slot {
    std::unique_ptr<PackWriter> writer;
    std::shared_ptr<const PackReader> sealed;
  };
  System& system_;
  const RepositoryDirs& dirs_;
  const SessionLimits limits_;
  std::mutex mutex_;
  std::vector<Slot> slots_;  ///< only the last may be open
};

}  // namespace metamori
