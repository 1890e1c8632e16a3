#pragma once

/// \file
/// Putting a checkpoint back.

#include <optional>
#include <string>
#include <vector>

#include "metamori/changes.hpp"
#include "metamori/checkpoint.hpp"
#include "metamori/control.hpp"

namespace metamori {

/// What to do with files that exist already.
enum class Overwrite {
  always,      ///< make them what they were; those that are so already stay untouched
  if_changed,  ///< only where size or modification time differ
  never,       ///< leave them
};

/// What Repository::restore is to put back, and how.
struct RestoreOptions {
  std::string revision = "HEAD";      ///< what to put back
  std::vector<std::string> paths;     ///< only these, with all below them; empty: everything
  std::optional<std::string> target;  ///< another directory, absolute or relative to the current one; made if missing. Nothing: in place
  bool remove_extra = false;          ///< `--delete`: also remove tracked paths that the checkpoint lacks
  bool dry_run = false;               ///< only tell what would be done
  Overwrite overwrite = Overwrite::always;  ///< what to do with files that exist
  bool keep_inode = false;                  ///< rewrite files in place whatever their size
  bool save = true;                         ///< take a safety checkpoint first (in place only)
  bool force = false;                       ///< go on where `refused` would be thrown for unsaved work
  bool look_for_writers = false;            ///< throw `refused` if a file to be changed is open for writing (in place, without `force`)
  bool verify = false;                      ///< read everything back afterwards
  bool same_owner = false;                  ///< bring back owners and setuid/setgid bits; implies privileged_attributes
  bool special = false;                     ///< bring back device nodes
  bool privileged_attributes = false;       ///< bring back security.* and trusted.* attributes
  bool fall_back = false;                   ///< if content of the checkpoint is damaged, take the nearest ancestor whose content is sound
  Control control;                          ///< progress, stop, threads, limits
};

/// What is done to one path.
enum class RestoreActionKind {
  create,    ///< it was not there
  replace,   ///< it is made anew and takes the old one's place
  rewrite,   ///< the differing ranges of a file are written
  metadata,  ///< mode, owner, time or attributes are set, the content stays
  remove,    ///< it goes
};
/// One thing that a restore does. Listed in full by a dry run.
struct RestoreAction {
  std::string path;                                    ///< bytes, relative to the top
  RestoreActionKind kind = RestoreActionKind::create;  ///< what is done to it
  NodeType type = NodeType::file;                      ///< what it becomes (was, if removed)
  std::uint64_t bytes = 0;                             ///< to be written
};

/// Something that could not be brought back exactly.
struct RestoreWarning {
  std::string path;     ///< bytes, relative to the top; empty: not about one path
  std::string message;  ///< what, and why
};

/// A file that was captured while it kept changing: its content may be a mixture of versions that never existed.
struct TornFile {
  std::string path;                          ///< bytes, relative to the top
  std::optional<CheckpointInfo> last_clean;  ///< the nearest ancestor that has the file whole, if there is one
};

/// What Repository::restore or Repository::undo did, or in a dry run would do.
struct RestoreReport {
  CheckpointInfo checkpoint;                ///< restored from
  std::vector<RestoreAction> actions;       ///< sorted by path; in a dry run what would be done
  std::uint64_t written = 0;                ///< paths created, replaced, rewritten or with new metadata
  std::uint64_t removed = 0;                ///< paths removed
  std::uint64_t unchanged = 0;              ///< paths that were as they should be already
  std::uint64_t left_alone = 0;             ///< paths on disk that the checkpoint lacks and that stayed (no --delete)
  std::uint64_t bytes_written = 0;          ///< to files
  std::optional<CheckpointInfo> saved_as;   ///< the safety checkpoint
  std::uint64_t writers_unknown = 0;        ///< files to be changed of which it can't be told whether they are open for writing
  bool head_moved = false;                  ///< HEAD is another checkpoint now
  std::vector<RestoreWarning> warnings;     ///< what is not exact; exit code 3 of the command line if there are any
  std::vector<TornFile> torn;               ///< those of the files brought back that the checkpoint marks as torn, sorted by path
  std::vector<CheckpointInfo> passed_over;  ///< with fall_back: what was asked for and was damaged, and its damaged ancestors
  double seconds = 0;                       ///< how long it took
};

/// What to do with an interrupted restore.
enum class RecoverMode {
  finish,  ///< do what is left of it
  abort,   ///< take it back
  force,   ///< finish it, overwriting what somebody changed meanwhile
};

/// What Repository::recover did.
struct RecoverReport {
  bool was_pending = false;              ///< false: there was nothing to do
  bool finished = false;                 ///< the restore was completed (as against taken back)
  std::uint64_t paths = 0;               ///< that the restore was about
  std::vector<RestoreWarning> warnings;  ///< what is not exact
};

}  // namespace metamori
