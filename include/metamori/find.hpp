#pragma once

/// \file
/// Paths of all checkpoints by pattern, and when they changed.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "metamori/changes.hpp"
#include "metamori/checkpoint.hpp"

namespace metamori {

/// What Repository::find is to look for.
struct FindOptions {
  /// As in gitignore, relative to the top of the tree: a pattern without a slash matches names anywhere. The last that matches a path
  /// decides; with `!` it takes the path out.
  std::vector<std::string> patterns;
  bool all = false;  ///< look through safety checkpoints, too
  Control control;   ///< progress, stop and time limit
};

/// Checkpoints from one number to another: all that were looked through between them, ends included.
struct NumberRange {
  std::uint64_t first = 0;  ///< number of the first
  std::uint64_t last = 0;   ///< number of the last
  /// Whether both are the same range.
  friend bool operator==(const NumberRange&, const NumberRange&) = default;
};

/// One state of a path, from the checkpoint that made it on.
struct FoundVersion {
  std::uint64_t number = 0;                 ///< of the checkpoint that made it
  CheckpointId id;                          ///< of that checkpoint
  Time time;                                ///< of that checkpoint
  ChangeKind kind = ChangeKind::added;      ///< against the checkpoint before; never `renamed`
  NodeType type = NodeType::file;           ///< what it is now; if it was removed, what it was
  std::optional<std::uint64_t> size_bytes;  ///< of a file that is there
  std::vector<NumberRange> held_by;         ///< checkpoints that hold it, ascending; none, if it was removed
};

/// One path that matches.
struct FoundPath {
  std::string path;                    ///< bytes, relative to the top of the tree
  std::vector<FoundVersion> versions;  ///< ascending by number; where there are several lines there may be several at a time
};

/// What Repository::find found.
struct FindReport {
  std::vector<FoundPath> paths;        ///< sorted by path
  std::uint64_t checkpoints = 0;       ///< how many were looked through
  std::vector<std::uint64_t> damaged;  ///< numbers of those that could not be; they count as unchanged
};

}  // namespace metamori
