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

/// What the target had of a checkpoint that was asked for.
enum class CopyFound {
  nothing,    ///< it was copied
  whole,      ///< it was there already
  forgotten,  ///< it was there and has been forgotten: it is brought back only if it was named
};

/// One checkpoint that was asked for.
struct CopiedCheckpoint {
  CheckpointInfo source;                 ///< in the source; of one that was there whole only id, number and parents
  std::uint64_t number = 0;              ///< its number in the target; 0 in a dry run, if it is not there yet
  CopyFound found = CopyFound::nothing;  ///< what the target had of it
  bool is_copied = false;                ///< it was copied, or in a dry run would be
};

/// What copy() did, or in a dry run would do.
struct CopyReport {
  std::vector<CopiedCheckpoint> checkpoints;  ///< oldest first
  std::uint64_t copied = 0;                   ///< how many of them were copied
  std::uint64_t ancestors = 0;                ///< new in the target without their content, as ancestors of those
  std::uint64_t chunks_copied = 0;            ///< that the target lacked
  std::uint64_t bytes_read = 0;               ///< of the source's packs
  std::uint64_t bytes_added = 0;              ///< growth of the target's packs
  std::vector<std::string> tags_left;         ///< tags that name another checkpoint in the target, and stayed behind; sorted
  double seconds = 0;                         ///< how long it took
};

/// Copies checkpoints, with the ids they have. What the target has is not copied again, and every chunk is compared with its id on the way;
/// so a copy that was interrupted anywhere is simply made again. Ancestors that are neither there nor asked for come along as forgotten
/// ones, without content. Tags come along unless the target uses the name for another checkpoint; the target's HEAD stays. Each checkpoint
/// survives a power cut once copy() returns; when it throws, those that came before may be there. The source may be one that can only be
/// read. Throws usage if both are the same repository, or for a safety checkpoint; bad_revision; corrupt, after all others have been
/// copied, if the source's copy of one is damaged; and what a checkpoint in the target may throw.
METAMORI_API CopyReport copy(Repository& source, Repository& target, const CopyOptions& options);

}  // namespace metamori
