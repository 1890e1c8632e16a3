#pragma once

// The records of checkpoints that are copied: which there are, and what becomes of them in the other repository.

#include <functional>
#include <map>
#include <set>
#include <unordered_map>

#include "core/engine.hpp"

namespace metamori {

/// A checkpoint of the source.
struct CopySource {
  std::uint64_t number = 0;
  CheckpointId id;
  bool is_asked = false;  ///< else it is an ancestor of one that is
};

/// The checkpoints that revisions name, or all but safety checkpoints and forgotten ones, and those of their ancestors that `is_there` does
/// not know; by rising number, which brings parents first. Throws bad_revision for one that was forgotten, usage for a safety checkpoint.
std::vector<CopySource> list_copied(Engine& source, const std::vector<std::string>& revisions,
                                    const std::function<bool(const CheckpointId&)>& is_there);

/// What the target has, and what it is given.
class CopyRecords {
 public:
  CopyRecords(Engine& source, Engine& target);
  /// Anew.
  void look_at_target();

  enum class State {
    absent,
    live,
    forgotten,  ///< a tombstone: the target had it
    ancestor,   ///< a tombstone: the target knows it as the ancestor of another
  };
  State state_of(const CheckpointId& id);
  /// Whether it was a checkpoint, and no tombstone, when the target was looked at; reads nothing.
  [[nodiscard]] bool was_live(const CheckpointId& id) const {
    const auto found = there_.find(id);
    return found != there_.end() && found->second.is_live;
  }
  /// Number 0 if the target does not have it.
  [[nodiscard]] Position position_of(const CheckpointId& id) const;
  /// The root of the target's newest checkpoint, if it has any.
  std::optional<ChunkId> newest_root();

  struct Content {
    bool is_held = false;  ///< else it becomes a tombstone
    std::vector<ChunkId> packs;
    std::uint64_t gc_generation = 0;
  };
  /// Publishes a record of the source under the next number of the target, or in the place of its tombstone. HEAD stays where it is.
  Record publish(const Record& from, const Content& content);
  /// Gives a checkpoint that is there the tags that it has in the source and that nobody else has.
  void copy_tags(const CheckpointId& id);
  /// Tags that name other checkpoints in the target, of those that were to be given.
  [[nodiscard]] const std::set<std::string>& taken_tags() const noexcept { return taken_tags_; }

 private:
  struct Known {
    std::uint64_t number = 0;
    bool is_live = false;
    std::string line;
  };
  void note(const Record& record);
  [[nodiscard]] std::string line_for(const Record& from, const std::vector<Position>& parents, std::uint64_t number) const;
  [[nodiscard]] std::vector<Position> parents_of(const Record& from) const;
  std::vector<std::string> free_tags(const CheckpointId& id);
  Record revive(const Record& from, const Content& content, std::uint64_t number);

  Engine& source_;
  Engine& target_;
  std::uint64_t known_highest_ = 0;  ///< of the target: all up to there is in what follows
  std::uint64_t first_own_ = 1;      ///< from there on all were published by this copy
  std::unordered_map<CheckpointId, Known> there_;
  std::map<std::string, std::uint64_t> tips_;  ///< of the target's lines
  std::unordered_map<CheckpointId, std::string> source_lines_;
  std::multimap<std::uint64_t, std::string> source_tags_;  ///< by number in the source
  std::unordered_map<CheckpointId, std::uint64_t> source_numbers_;
  std::set<std::string> taken_tags_;
};

}  // namespace metamori
