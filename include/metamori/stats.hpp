#pragma once

/// \file
/// How much space checkpoints and paths take.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "metamori/checkpoint.hpp"

namespace metamori {

/// Sizes of the same content in bytes, each usually smaller than the one before.
struct StatsAmount {
  std::uint64_t logical = 0;  ///< as files have it, each time they have it
  std::uint64_t unique = 0;   ///< each chunk once
  std::uint64_t stored = 0;   ///< what these chunks take in packs; chunks that share a frame have parts of it by their lengths
  std::uint64_t chunks = 0;   ///< how many there are
};

/// What Repository::stats is to tell.
struct StatsOptions {
  std::optional<std::string> revision;  ///< also tell about this checkpoint
  std::string path;                     ///< of `revision` only what is at or below this path; with `by_path` where to begin
  bool by_checkpoint = false;           ///< also tell what each checkpoint alone holds
  bool by_path = false;                 ///< also tell what takes space, by path: of `revision`, or of all checkpoints
  std::uint32_t depth = 1;              ///< how far below `path` the paths of `by_path` lie; what is deeper counts for these
  Control control;                      ///< progress, stop and time limit
};

/// What one checkpoint takes.
struct CheckpointStats {
  CheckpointInfo checkpoint;  ///< which one
  StatsAmount whole;          ///< all that it needs; in StatsReport::by_checkpoint the logical size alone
  StatsAmount only_here;      ///< what no other checkpoint needs: what forgetting it and gc would free. The logical size is left 0
};

/// What takes space at or below a path. A chunk counts for the path that had it first, in the oldest checkpoint that was looked at.
struct PathStats {
  std::string path;            ///< bytes, relative to the top of the tree
  std::uint64_t versions = 0;  ///< different contents of files; the logical size is the sum of theirs
  StatsAmount amount;          ///< content of files, and what holds it together
};

/// What Repository::stats found.
struct StatsReport {
  std::uint64_t checkpoints = 0;         ///< on lines
  std::uint64_t lines = 0;               ///< lines that they are on
  std::uint64_t safety_checkpoints = 0;  ///< made by restores
  std::uint64_t forgotten = 0;           ///< numbers whose checkpoint was forgotten or withdrawn
  std::vector<std::uint64_t> damaged;    ///< numbers of records that can't be read, and were passed over
  std::uint64_t packs = 0;               ///< files that hold chunks
  std::uint64_t pack_bytes = 0;          ///< their sizes
  std::uint64_t record_bytes = 0;        ///< sizes of the files that hold history
  StatsAmount files;                     ///< what checkpoints hold in files
  StatsAmount structure;                 ///< lists of chunks, listings of directories and the like; the logical size is left 0
  StatsAmount unused;  ///< in packs, but needed by no checkpoint, or there twice: what gc would free; the logical size is left 0
  std::optional<CheckpointStats> checkpoint;   ///< with StatsOptions::revision
  std::vector<CheckpointStats> by_checkpoint;  ///< with StatsOptions::by_checkpoint, newest first
  std::vector<PathStats> by_path;              ///< with StatsOptions::by_path, largest stored size first
};

}  // namespace metamori
