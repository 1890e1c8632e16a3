#pragma once

/// \file
/// The list of checkpoints.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "metamori/changes.hpp"
#include "metamori/checkpoint.hpp"

namespace metamori {

/// Which checkpoints Repository::log lists.
struct LogOptions {
  std::string from = "HEAD";                  ///< a revision, from which parents are followed; or `A..B`: what B has and A has not
  std::vector<std::string> paths;             ///< only checkpoints that changed one of these
  bool follow = true;                         ///< with `paths`: also under the names they had before they were moved unchanged
  std::uint64_t limit = 0;                    ///< 0: all
  bool all = false;                           ///< every line, and safety checkpoints
  std::optional<std::int64_t> since_seconds;  ///< only those made at or after this, seconds since 1970
  std::optional<std::int64_t> until_seconds;  ///< only those made at or before this, seconds since 1970
  Metadata metadata;                          ///< all of these must be there
  bool details = false;                       ///< also load verdicts
  bool ancestry = false;                      ///< also tell `LogEntry::ancestors`; everything is looked through before the first is told
};

/// What a checkpoint did to one of the paths that a log was asked for.
struct PathChange {
  std::string path;                        ///< the name it had in the checkpoint; in the one before, if it was removed
  ChangeKind kind = ChangeKind::modified;  ///< what was done to it
  std::optional<std::string> from;         ///< of a rename: the name before, under which older checkpoints are searched
};

/// One checkpoint of a log.
struct LogEntry {
  CheckpointInfo checkpoint;        ///< the checkpoint
  std::vector<PathChange> changes;  ///< with LogOptions::paths
  /// With LogOptions::ancestry: numbers of the nearest ancestors that the log lists; of those beyond its limit too. Ascending.
  std::vector<std::uint64_t> ancestors;
};

/// A way to write a checkpoint, for completion.
struct RevisionName {
  std::string name;           ///< `HEAD`, `17`, a tag, …
  CheckpointInfo checkpoint;  ///< what it names
};

}  // namespace metamori
