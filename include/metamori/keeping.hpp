#pragma once

/// \file
/// What is kept, what is forgotten, and giving space back.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "metamori/checkpoint.hpp"
#include "metamori/control.hpp"

namespace metamori {

/// Which checkpoints to keep. A checkpoint is kept if one of the rules keeps it; what no rule keeps is forgotten. Times are those of the
/// checkpoints themselves, compared with the newest of them that is not in the future; so an idle repository forgets nothing.
struct KeepPolicy {
  std::uint64_t last = 0;                                  ///< the newest so many
  std::uint64_t hourly = 0;                                ///< of so many hours that have any, the newest of each
  std::uint64_t daily = 0;                                 ///< the same for days
  std::uint64_t weekly = 0;                                ///< for weeks, from Monday on
  std::uint64_t monthly = 0;                               ///< for months
  std::optional<std::int64_t> within_seconds;              ///< all that are at most so much older than the newest
  std::vector<std::string> tags;                           ///< those with such a tag; `*` and `?` stand for any bytes and for one
  Metadata metadata;                                       ///< those with such metadata
  bool thin = false;                                       ///< thinner with age: gaps of about an eighth of the age
  std::optional<std::uint64_t> max_size_bytes;             ///< of what the others keep, only as much as fits into so many bytes of packs
  std::int32_t utc_offset_minutes = 0;                     ///< of the place whose hours, days, weeks and months are meant
  [[nodiscard]] METAMORI_API bool empty() const noexcept;  ///< no rule at all
};

/// What Repository::forget is to forget: either revisions, or what a policy doesn't keep.
struct ForgetOptions {
  std::vector<std::string> revisions;  ///< these; `A..B` names several
  KeepPolicy keep;                     ///< or what this doesn't keep
  bool force = false;                  ///< also HEAD, and the last checkpoint that there is
  bool dry_run = false;                ///< only tell what would be done
  Control control;                     ///< stop, limits
};

/// One checkpoint that was looked at by forget.
struct ForgetItem {
  CheckpointId id;                   ///< its id
  std::uint64_t number = 0;          ///< its number
  Time time;                         ///< when it was committed
  bool is_safety = false;            ///< made by a restore
  bool is_kept = true;               ///< false: forgotten
  std::vector<std::string> tags;     ///< sorted
  std::vector<std::string> reasons;  ///< why; at least one
};

/// What Repository::forget did, or in a dry run would do; or what Repository::undo_forget took back or did again.
struct ForgetReport {
  std::vector<ForgetItem> items;             ///< newest first
  std::uint64_t kept = 0;                    ///< how many of them are kept
  std::uint64_t forgotten = 0;               ///< how many are forgotten
  bool brought_back = false;                 ///< by undo_forget: the items are there again
  std::optional<std::uint64_t> bytes;        ///< of packs that what is kept needs; told by dry runs, and where max_size_bytes was given
  std::optional<std::uint64_t> bytes_freed;  ///< about what gc would free of packs then; told by dry runs
};

/// How Repository::gc is to give space back.
struct GcOptions {
  std::optional<std::int64_t> max_time_ms;        ///< stop after so long; what was done until then counts
  std::optional<std::uint64_t> max_repack_bytes;  ///< copy at most so many bytes
  bool automatic = false;                         ///< do nothing unless it is worth while
  bool now = false;                               ///< the caller promises that nobody else uses the repository
  bool dry_run = false;                           ///< only tell what would be done
  Control control;                                ///< progress, stop, lock timeout
};

/// What Repository::gc did, or in a dry run would do.
struct GcReport {
  bool was_needed = true;                  ///< false: automatic, and there was too little to do
  bool is_complete = true;                 ///< false: a limit stopped it before all was done
  std::uint64_t generation = 0;            ///< the number of this run
  std::uint64_t packs_before = 0;          ///< packs there were
  std::uint64_t packs_after = 0;           ///< packs there are
  std::uint64_t bytes_before = 0;          ///< of packs
  std::uint64_t bytes_after = 0;           ///< of packs
  std::uint64_t bytes_copied = 0;          ///< written anew
  std::uint64_t bytes_in_trash = 0;        ///< moved away, and deleted by a run a day later
  std::uint64_t checkpoints_released = 0;  ///< forgotten ones whose content went
  std::uint64_t safety_expired = 0;        ///< safety checkpoints that were forgotten because they are old
  std::uint64_t records_folded = 0;        ///< single records put together into few files
  std::uint64_t temporaries_removed = 0;   ///< files that dead writers left behind
  double seconds = 0;                      ///< how long it took
  /// Bytes of packs that are less now.
  [[nodiscard]] std::uint64_t bytes_freed() const noexcept { return bytes_before > bytes_after ? bytes_before - bytes_after : 0; }
};

}  // namespace metamori
