#pragma once

// Making the plan of a restore in place from the tree as it was just captured and the checkpoint to go to. Reads the disk (what is in the
// way), changes nothing.

#include <functional>
#include <map>
#include <set>

#include "core/engine.hpp"
#include "core/restore_plan.hpp"
#include "core/scan.hpp"
#include "objects/record.hpp"

namespace metamori {

/// What a restore is to reach.
struct RestoreGoal {
  ChunkId root;
  std::vector<std::string> scope;  ///< only these, with all below them; empty: everything
  /// Of an undo: exactly these paths, and whether they existed then. The empty path is the top's own metadata, as far as `whole` says so.
  std::optional<std::map<std::string, bool>> exact;
  bool whole = true;  ///< the top's own metadata belong to it
  bool remove_extra = false;
  std::string rules;  ///< recorded in the checkpoint
  Overwrite overwrite = Overwrite::always;
  bool keep_inode = false;
  bool force = false;
  NodePolicy policy;
};

/// One path that will change.
struct DraftItem {
  StepKind kind = StepKind::put;
  EntryType type = EntryType::file;  ///< after; of a removed path before
  bool is_tracked = false;           ///< it is in the captured tree
  bool is_litter = false;            ///< left by an interrupted run, or nothing that could be saved: in no checkpoint, and nobody's work
  std::optional<FileStat> stat;      ///< nothing: it does not exist
  std::uint64_t bytes = 0;           ///< to be written
  std::uint64_t entries_below = 0;   ///< of a directory to be made
};

struct Draft {
  Plan plan;  ///< steps say `saved` for all that exists; settle_old_states() decides
  std::map<std::string, DraftItem, WalkOrder> items;
  std::map<std::string, std::string> further_names;  ///< of files written in place: the name that has the item
  std::vector<TouchedPath> touched;                  ///< sorted as bytes
  std::vector<std::string> uncaptured;  ///< to be changed, but what is on disk is not what was captured (unreadable, torn, kept)
  std::vector<RestoreAction> actions;
  std::vector<RestoreWarning> warnings;
  std::uint64_t unchanged = 0;
  std::uint64_t left_alone = 0;
  std::uint64_t staged_bytes = 0;
};

/// `current` is what `scan` captured, its chunks and the goal's are read through `source`. Throws refused for what is in the way and may
/// not be touched.
Draft draft_restore(Engine& engine, TreeDirectories& directories, ChunkSource& source, const ScanResult& scan, const RestoreGoal& goal);

/// Whether going from `before` to `after` changes anything that `policy` lets be brought back.
bool differs(const Entry& before, const Entry& after, const NodePolicy& policy);

}  // namespace metamori
