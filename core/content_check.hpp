#pragma once

// Whether everything that a record leads to is there: asked again where gc may have run between the look and the commit point.

#include <unordered_set>

#include "core/engine.hpp"

namespace metamori {

/// Chunks that were found are not looked for again, so several records that share content cost what they differ in.
class ContentCheck {
 public:
  explicit ContentCheck(Engine& engine) : engine_(engine) {}
  /// Looks for all that `record` needs, and renames packs that it needs and that gc moved to `trash/` back, durably. Nothing if all is
  /// there; else what is not.
  std::optional<std::string> find_missing(const Record& record);

 private:
  class Visitor;
  void look_for(const ChunkId& id);
  void bring_back(const PackReader& pack);

  Engine& engine_;
  std::unordered_set<ChunkId> found_;
  std::unordered_set<ChunkId> nodes_;
};

/// Step 8 of the checkpoint protocol: a record was published; if gc may have run since `generation` was read, or a pack that the session
/// relies on went away, looks at all that it needs, and brings back from `trash/` what is there. What can't be had makes the record a
/// tombstone; throws io then.
void settle_published(Engine& engine, ChunkSession& session, const Record& record, std::uint64_t generation);

}  // namespace metamori
