#pragma once

// Putting a checkpoint back.

#include <optional>
#include <string>
#include <vector>

#include "metamori/changes.hpp"
#include "metamori/checkpoint.hpp"
#include "metamori/control.hpp"

namespace metamori {

enum class Overwrite { always, if_changed, never };

struct RestoreOptions {
  std::string revision = "HEAD";
  std::vector<std::string> paths;     ///< only these, with all below them; empty: everything
  std::optional<std::string> target;  ///< another directory, absolute or relative to the current one; made if missing. Nothing: in place
  bool remove_extra = false;          ///< `--delete`: also remove tracked paths that the checkpoint lacks
  bool dry_run = false;
  Overwrite overwrite = Overwrite::always;
  bool keep_inode = false;             ///< rewrite files in place whatever their size
  bool save = true;                    ///< take a safety checkpoint first (in place only)
  bool force = false;                  ///< go on where `refused` would be thrown for unsaved work
  bool verify = false;                 ///< read everything back afterwards
  bool same_owner = false;             ///< bring back owners and setuid/setgid bits; implies privileged_attributes
  bool special = false;                ///< bring back device nodes
  bool privileged_attributes = false;  ///< bring back security.* and trusted.* attributes
  Control control;
};

/// What is done to one path. Listed in full by a dry run.
enum class RestoreActionKind { create, replace, rewrite, metadata, remove };
struct RestoreAction {
  std::string path;
  RestoreActionKind kind = RestoreActionKind::create;
  NodeType type = NodeType::file;
  std::uint64_t bytes = 0;  ///< to be written
};

/// Something that could not be brought back exactly.
struct RestoreWarning {
  std::string path;
  std::string message;
};

struct RestoreReport {
  CheckpointInfo checkpoint;           ///< restored from
  std::vector<RestoreAction> actions;  ///< sorted by path; in a dry run what would be done
  std::uint64_t written = 0;           ///< paths created, replaced, rewritten or with new metadata
  std::uint64_t removed = 0;
  std::uint64_t unchanged = 0;
  std::uint64_t left_alone = 0;  ///< paths on disk that the checkpoint lacks and that stayed (no --delete)
  std::uint64_t bytes_written = 0;
  std::optional<CheckpointInfo> saved_as;  ///< the safety checkpoint
  bool head_moved = false;
  std::vector<RestoreWarning> warnings;
  double seconds = 0;
};

enum class RecoverMode { finish, abort, force };

struct RecoverReport {
  bool was_pending = false;
  bool finished = false;  ///< the restore was completed (as against taken back)
  std::uint64_t paths = 0;
  std::vector<RestoreWarning> warnings;
};

}  // namespace metamori
