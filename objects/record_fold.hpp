#pragma once

// Putting single records together into few files, so that neither the number of files nor a look-up grows (docs/format.md, section 9; why
// it is safe at every cut: docs/keeping.md).

#include <map>

#include "objects/record_log_files.hpp"

namespace metamori {

struct FoldLimits {
  std::uint64_t newest_kept = 64;       ///< so many of the highest numbers stay single: writers ask for them by name
  std::size_t singles_min = 256;        ///< with fewer to put together nothing is done
  std::uint64_t file_bytes = 1U << 30;  ///< of a folded file at most
};

struct FoldTotals {
  std::size_t records = 0;  ///< single ones that are in a folded file now
  std::size_t files = 0;    ///< folded files there were and are no longer
};

/// Folds what there is to fold. `replaced` are records that take the place of those with their numbers, as far as these are folded; they
/// are erased from it then. For who excludes writers. Throws corrupt, io.
FoldTotals fold_records(System& system, int checkpoints_dir, int tmp_dir, std::map<std::uint64_t, Record>& replaced,
                        const FoldLimits& limits = {});

}  // namespace metamori
