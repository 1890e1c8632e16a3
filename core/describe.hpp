#pragma once

// Records as the library's users see them.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/engine.hpp"

namespace metamori {

/// What a record says: its own git objects decoded and checked against each other. Throws corrupt.
struct DecodedCheckpoint {
  Record record;
  CheckpointRecord content;
  Commit commit;
};
DecodedCheckpoint get_checkpoint(Engine& engine, const Position& position);
/// The root of one whose content is there. Throws bad_revision if it was forgotten and gc has released it.
ChunkId get_content_root(Engine& engine, const Position& position);
/// The same for what is only made use of, such as what HEAD names; nothing also where there is no checkpoint.
std::optional<ChunkId> find_content_root(Engine& engine, const Position& position);

/// Describes many checkpoints; looks up once what they share.
class Describer {
 public:
  explicit Describer(Engine& engine);
  CheckpointInfo describe(const Position& position, bool details);

 private:
  Engine& engine_;
  std::multimap<std::uint64_t, std::string> tags_;  ///< by number
};

}  // namespace metamori
