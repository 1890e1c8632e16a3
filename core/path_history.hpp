#pragma once

// What became of some paths from checkpoint to checkpoint, under the names they had.

#include <string>
#include <unordered_map>
#include <vector>

#include "core/lineage.hpp"
#include "objects/directory.hpp"

namespace metamori {

/// Compares each checkpoint with its first parent that was not forgotten. A path that the parent lacks, but that stood there unchanged
/// under a name which is gone, was moved: from there on it is looked for under that name.
class PathHistory {
 public:
  /// `paths` as LogOptions has them, not empty.
  PathHistory(Engine& engine, const std::vector<std::string>& paths, bool follow);
  /// What `checkpoint` changed of the paths. Checkpoints must come by falling number, so that a child tells its parent the names.
  std::vector<PathChange> changes(const Position& checkpoint);

 private:
  struct Side {
    ChunkId root_id;
    std::optional<Root> root;  ///< read when first needed
  };
  using Names = std::vector<std::string>;

  std::shared_ptr<Side> side_of(const Position& position);
  const Root& root_of(Side& side);
  std::optional<Entry> find(Side& side, std::string_view path);
  std::optional<Entry> find_in(const StreamRef& listing, std::string_view name);
  std::optional<std::string> moved_from(Side& before, Side& after, const std::string& path);
  void hand_down(const Position& parent, Names names);

  Engine& engine_;
  Names paths_;
  bool follow_;
  Lineage lineage_;
  std::unordered_map<std::uint64_t, Names> names_;         ///< at a checkpoint, told by its children
  std::pair<Position, std::shared_ptr<Side>> remembered_;  ///< the parent looked at last, which a walk mostly asks for next
  /// Names looked up in listings: most listings are the same in many checkpoints.
  struct Looked {
    StreamRef listing;
    std::string name;
    friend bool operator==(const Looked&, const Looked&) = default;
  };
  struct LookedHash {
    std::size_t operator()(const Looked& looked) const noexcept {
      return std::hash<ChunkId>()(looked.listing.id) ^ std::hash<std::string>()(looked.name);
    }
  };
  std::unordered_map<Looked, std::optional<Entry>, LookedHash> looked_;
};

}  // namespace metamori
