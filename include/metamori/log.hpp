#pragma once

// The list of checkpoints.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "metamori/changes.hpp"
#include "metamori/checkpoint.hpp"

namespace metamori {

struct LogOptions {
  std::string from = "HEAD";       ///< a revision, or a range `A..B`
  std::vector<std::string> paths;  ///< only checkpoints that changed one of these
  bool follow = true;              ///< with `paths`: also under the names they had before they were moved unchanged
  std::uint64_t limit = 0;         ///< 0: all
  bool all = false;                ///< every line, and safety checkpoints
  std::optional<std::int64_t> since_seconds, until_seconds;
  Metadata metadata;      ///< all of these must be there
  bool details = false;   ///< also load verdicts
  bool ancestry = false;  ///< also tell `LogEntry::ancestors`; everything is looked through before the first is told
};

/// What a checkpoint did to one of the paths that a log was asked for.
struct PathChange {
  std::string path;  ///< the name it had in the checkpoint; in the one before, if it was removed
  ChangeKind kind = ChangeKind::modified;
  std::optional<std::string> from;  ///< of a rename: the name before, under which older checkpoints are searched
};

struct LogEntry {
  CheckpointInfo checkpoint;
  std::vector<PathChange> changes;  ///< with LogOptions::paths
  /// With LogOptions::ancestry: numbers of the nearest ancestors that the log lists; of those beyond its limit too. Ascending.
  std::vector<std::uint64_t> ancestors;
};

}  // namespace metamori
