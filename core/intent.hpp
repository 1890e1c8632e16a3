#pragma once

// `restore/`: the intent of an unfinished restore and its markers. docs/format.md, section 13.

#include <optional>
#include <string>

#include "core/engine.hpp"
#include "core/restore_plan.hpp"
#include "objects/record.hpp"

namespace metamori {

struct Intent {
  Position head_before, head_after;  ///< equal if HEAD does not move
  std::array<std::byte, 16> identity{};
  MoveReason reason = MoveReason::restore;
  Position safety;  ///< number 0: none was taken
  ChunkId target_root;
  Plan plan;
  /// The name under which the `number`-th node is made.
  [[nodiscard]] std::string staged_name(std::uint64_t number) const;
};
Bytes encode_intent(const Intent& intent);
/// Throws corrupt.
Intent decode_intent(ByteView bytes);

enum class IntentMarker { staged, aborting };

/// The files; each change is durable when its function returns.
class IntentFiles {
 public:
  explicit IntentFiles(Engine& engine);
  /// Throws corrupt if it is there but damaged.
  std::optional<Intent> find();
  void publish(const Intent& intent);
  void mark(IntentMarker marker);
  /// Whether the marker is there and belongs to the intent last found or published.
  bool has(IntentMarker marker);
  /// Removes the intent, then, no longer of any meaning, the markers.
  void drop();

 private:
  Engine& engine_;
  ChunkId checksum_;
};

}  // namespace metamori
