#pragma once

// `checkpoints/` and `refs/`: the sequence of records, the commit point of every change, and what is derived from it.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "objects/record.hpp"

namespace metamori {

/// What history needs to know of one record, without its content.
struct RecordSummary {
  std::uint64_t number = 0;
  RecordKind kind = RecordKind::checkpoint;
  CheckpointId id;  ///< zero for moves
  std::vector<Position> parents;
  Position head_after;
  std::string line;
  std::vector<std::string> tags;
  std::int64_t time_seconds = 0;  ///< commit time; for moves 0
};

struct Tag {
  std::string name;
  Position target;
};

/// Throws usage, saying why, if `name` can't be given to a tag: not 1 to 100 bytes, or it would be read as another kind of revision.
void check_tag_name(std::string_view name);

/// Not thread-safe; one process's view, extended by refresh. Reading never writes.
class RecordLog {
 public:
  RecordLog(System& system, const RepositoryDirs& dirs);
  ~RecordLog();
  /// The highest number published, 0 if none. Asks the file system: follows the hint in the cache, then looks for higher ones.
  std::uint64_t highest();
  /// Throws bad_revision if there is none with that number, corrupt if damaged.
  Record get(std::uint64_t number);
  /// `HEAD`: head_after of the highest record that has one (tombstones have not).
  Position head();
  /// Where `HEAD` was when that record was the highest one.
  Position head_at(std::uint64_t number);
  /// Publishes `record` under `record.number`: tmp, fsync, rename without replacing, fsync of `checkpoints/`. False if the number is taken;
  /// then nothing was published. Throws io, no_space.
  bool publish(const Record& record);
  /// Replaces a record by its tombstone, or a tombstone by its record (section "forget" of docs/design.md): synced, and wholly old or
  /// wholly new. `refused` unless number and id stay what they are.
  void replace(const Record& tombstone);
  /// The same for several, with two syncs for many: each is wholly old or wholly new, all are durable on return.
  void replace_each(const std::vector<Record>& records);
  /// Summaries of all records, ascending; kept in `cache/history` (derived) and extended by what is new.
  const std::vector<RecordSummary>& summaries();
  /// Reads every record. Those that are damaged, and were not when they were summed up, are left out of summaries() from then on. Returns
  /// the numbers of all that are damaged or missing, ascending, at most 1,000.
  std::vector<std::uint64_t> damaged();
  /// Throws corrupt, saying that `what` is not known, if a record with a number between these two (neither included) is damaged: it could
  /// be the one that tells.
  void require_known(std::uint64_t above, std::uint64_t below, std::string_view what);
  /// Writes to the cache what summaries() found, if no record is so new that the next look has to list them all again. For who only looks:
  /// a checkpoint would pay more than it gains.
  void keep_summaries();
  /// That with the highest number which is no tombstone.
  std::optional<Position> newest_checkpoint();
  /// The tip of each line: the highest checkpoint on it that is no tombstone.
  std::vector<std::pair<std::string, Position>> lines();
  /// The line that `checkpoint` is the tip of, or nothing. Cheap for the newest checkpoint: reads no summaries.
  std::optional<std::string> line_ending_at(const Position& checkpoint);
  /// Sorted by name. A tag whose file is damaged is left out; find_tag throws corrupt for it.
  std::vector<Tag> tags();
  std::optional<Position> find_tag(const std::string& name);
  /// Throws usage for a bad name. number 0 deletes.
  void set_tag(const std::string& name, const Position& target);
  std::vector<std::uint64_t> pins();
  void set_pin(std::uint64_t number, bool pinned);
  std::uint64_t gc_generation();
  /// Paths of files in `refs/` that are not what they should be, for `verify`.
  std::vector<std::string> damaged_refs();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace metamori
