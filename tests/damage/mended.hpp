#pragma once

// What must hold of a repository after a repair.

#include <set>
#include <string>

#include "core/repair.hpp"
#include "tests/damage/damaged_world.hpp"

namespace metamori::test {

RepairReport mend(System& disk, bool dry_run = false);

/// What every file of the repository holds, but caches, locks and temporaries.
std::map<std::string, Bytes> repository_files(const SimSystem& disk);

/// Numbers of the checkpoints that verify with data says are affected; with `of_files_alone` not those of which only lists are that no
/// restore to another directory needs.
std::set<std::uint64_t> affected_numbers(System& disk, bool of_files_alone = false);

/// Throws Violation unless, after a repair of what was `before`: each checkpoint is as in `trees`, or verify says that it is affected, or
/// it is known to be lost, and no wrong byte comes back of any; what was taken away is in the quarantine; HEAD, the log, a checkpoint of
/// the tree and gc work; and a second repair finds nothing to do. Returns how many of `trees` are whole.
std::size_t check_mended(const SimSystem& disk, const std::map<std::string, Bytes>& before,
                         const std::map<std::uint64_t, TreeDescription>& trees);

}  // namespace metamori::test
