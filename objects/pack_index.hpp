#pragma once

// The merged index over all packs: derived, in `cache/index/`, levels as in a log-structured merge tree, mapped, each block with its
// checksum. A block that fails its checksum makes the index be built again from the packs' own indexes; it is never believed.

#include <memory>
#include <optional>
#include <vector>

#include "objects/pack.hpp"

namespace metamori {

struct ChunkLocation {
  std::shared_ptr<const PackReader> pack;
  std::uint64_t offset = 0;
  std::uint32_t raw_len = 0;
  std::uint16_t member = 0;
  std::uint8_t depth = 0;
};

/// Thread-safe.
class PackIndex {
 public:
  /// `cache_dir` may be -1 (a read-only repository, or none): then nothing is kept.
  PackIndex(System& system, int packs_dir, int cache_dir, int tmp_dir, int trash_dir);
  ~PackIndex();
  /// Looks again at `packs/` before answering "not there" only if told to (`refresh_on_miss`): a checkpoint may store a chunk twice without
  /// harm, a reader may not miss one. A reader also looks in `trash/`. Copies that need a chain of more than `max_depth` deltas are passed
  /// over. A damaged pack counts as absent.
  std::optional<ChunkLocation> find(const ChunkId& id, bool refresh_on_miss, std::uint16_t max_depth = kMaxDeltaDepth);
  /// All copies of a chunk: for a reader that found one damaged. Asks `packs/` and `trash/` again.
  std::vector<ChunkLocation> find_all(const ChunkId& id);
  struct Holder {
    PackName pack;
    std::uint8_t depth = 0;
  };
  /// The pack that holds a chunk, as far as is known without looking at the disk or opening anything; cheap, for writers.
  std::optional<Holder> find_pack(const ChunkId& id);
  /// Makes a pack just published known.
  void add(const PackName& name);
  /// True if the pack is still in `packs/` (asks the file system).
  bool still_present(const PackName& name);
  /// Merges small levels and writes what is worth keeping to the cache. Never throws for a cache that can't be written.
  void save();
  /// Those in `packs/` now; sorted.
  std::vector<PackName> packs();
  /// The same as it was when last looked at, with those that were added since: all that a search may have found anything in.
  std::vector<PackName> known_packs();
  /// Why packs can't be used, one sentence each, for the message when a chunk is nowhere.
  std::vector<std::string> damaged_packs();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace metamori
