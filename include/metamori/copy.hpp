#pragma once

/// \file
/// Copying checkpoints from one repository to another.

#include <cstdint>
#include <string>
#include <vector>

#include "metamori/control.hpp"
#include "metamori/repository.hpp"

namespace metamori {

/// What copy() is to copy.
struct CopyOptions {
  std::vector<std::string> revisions;  ///< of the source, `A..B` names several; empty: all but safety checkpoints and forgotten ones
  bool dry_run = false;                ///< only tell what would be done
  Control control;                     ///< progress, stop, threads, limits
};

/// One checkpoint that was asked for.
struct CopiedCheckpoint {
  CheckpointInfo source;     ///< in the source
  std::uint64_t number = 0;  ///< its number in the target; 0 in a dry run, if it is not there yet
  bool was_there = false;    ///< the target had it already
};

/// What copy() did, or in a dry run would do.
struct CopyReport {
  std::vector<CopiedCheckpoint> checkpoints;  ///< oldest first
  std::uint64_t copied = 0;                   ///< how many of them were not there
  std::uint64_t chunks_copied = 0;            ///< that the target lacked
  std::uint64_t bytes_read = 0;               ///< of the source's packs
  std::uint64_t bytes_added = 0;              ///< growth of the target
  double seconds = 0;                         ///< how long it took
};

/// Copies checkpoints, with the ids they have. What the target has is not copied again, and every chunk is compared with its id on the way;
/// so a copy that was interrupted anywhere is simply made again. Tags come along unless the target uses the name for another checkpoint;
/// the target's HEAD stays. Each checkpoint survives a power cut as soon as its number is known. Throws usage if both are the same
/// repository; bad_revision; and what reading the one and a checkpoint in the other may throw.
METAMORI_API CopyReport copy(Repository& source, Repository& target, const CopyOptions& options);

}  // namespace metamori
