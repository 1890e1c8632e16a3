#pragma once

// `checkpoints/` and `refs/`: the sequence of records, the commit point of every change, and what is derived from it.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "objects/record.hpp"

namespace metamori {

/// What history needs to know of one record, without its content.
struct RecordSummary {
  std::uint64_t number = 0;
  RecordKind kind = RecordKind::checkpoint;
  CheckpointId id;                  ///< zero for moves
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

/// Not thread-safe; one process's view, extended by refresh. Reading never writes.
class RecordLog {
 public:
  RecordLog(System& system, const RepositoryDirs& dirs);
  ~RecordLog();
  /// The highest number published, 0 if none. Asks the file system: follows the hint in the cache, then looks for higher ones.
  std::uint64_t highest();
  /// Throws bad_revision if there is none with that number, corrupt if damaged.
  Record get(std::uint64_t number);
  /// `HEAD`: head_after of the highest record.
  Position head();
  /// Publishes `record` under `record.number`: tmp, fsync, rename without replacing, fsync of `checkpoints/`. False if the number is taken; then nothing was published. Throws io, no_space.
  bool publish(const Record& record);
  /// Replaces a record by its tombstone (section "forget" of docs/design.md).
  void replace(const Record& tombstone);
  /// Summaries of all records, ascending; kept in `cache/history` (derived) and extended by what is new.
  const std::vector<RecordSummary>& summaries();
  /// The tip of each line: the highest checkpoint on it that is no tombstone.
  std::vector<std::pair<std::string, Position>> lines();
  std::vector<Tag> tags();
  std::optional<Position> find_tag(const std::string& name);
  /// Throws usage for a bad name. number 0 deletes.
  void set_tag(const std::string& name, const Position& target);
  std::vector<std::uint64_t> pins();
  void set_pin(std::uint64_t number, bool pinned);
  std::uint64_t gc_generation();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace metamori
