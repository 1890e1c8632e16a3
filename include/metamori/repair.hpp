#pragma once

/// \file
/// Mending a damaged repository.

#include <cstdint>
#include <string>
#include <vector>

#include "metamori/control.hpp"
#include "metamori/repository.hpp"

namespace metamori {

/// How repair() is to mend.
struct RepairOptions {
  bool dry_run = false;  ///< only tell what would be done
  Control control;       ///< progress, stop, threads, lock timeout
};

/// One thing that repair() did, or in a dry run would do.
struct RepairAction {
  std::string kind;     ///< rebuild, salvage, heal, quarantine: see metamori-repair(1)
  std::string where;    ///< file, relative to the repository
  std::string message;  ///< what, and why
};

/// What repair() did, or in a dry run would do.
struct RepairReport {
  std::vector<RepairAction> actions;     ///< in the order they were done
  std::uint64_t chunks_salvaged = 0;     ///< taken over from damaged packs
  std::uint64_t chunks_healed = 0;       ///< lost, and found again in the tree
  std::uint64_t files_quarantined = 0;   ///< moved to `quarantine`
  std::string quarantine;                ///< absolute path of the directory where damaged files are now; empty if none was moved
  std::vector<VerifyProblem> remaining;  ///< what can't be mended; all other checkpoints can be restored in full
  double seconds = 0;                    ///< how long it took
};

/// Mends what can be mended of a repository: reads everything as verify with `data` does, builds derived files anew, takes what is sound
/// out of damaged packs, finds lost content in the tracked tree, and moves damaged files to `quarantine/`. Deletes nothing. A repository
/// that Repository::open refuses as damaged can be mended, too. Throws no_repository, locked, refused as Repository::gc does; unsupported
/// for a newer format; no_space.
METAMORI_API RepairReport repair(const OpenOptions& where, const RepairOptions& options);

}  // namespace metamori
