#pragma once

// The record of a checkpoint: what the scan found, where it belongs in history, and the report to the caller.

#include "core/checkpoint.hpp"

namespace metamori {

struct RecordParts {
  Engine* engine = nullptr;
  ChunkSession* session = nullptr;
  const ScanResult* scan = nullptr;
  Position head;  ///< the parent
  std::uint64_t number = 0;
  std::uint64_t gc_generation = 0;
};

/// Stores verdicts, rules and scope, and encodes the git objects.
Record build_checkpoint_record(const RecordParts& parts, const CheckpointOptions& options);
/// As above for a safety checkpoint: on no line, HEAD stays.
Record build_safety_record(const RecordParts& parts, const std::string& message, const StreamRef& touched);

/// Tags, metadata and paths that make no sense: usage. A tag that exists: refused.
void check_checkpoint_options(Engine& engine, const CheckpointOptions& options);

/// What take_checkpoint with dry_run does: scans, stores nothing.
CheckpointReport rehearse_checkpoint(Engine& engine, const CheckpointOptions& options);

/// What take_checkpoint did. `parent`: what the tree was compared with.
struct TakenCheckpoint {
  Position position;  ///< the new checkpoint's, or HEAD's if none was created
  bool created = false;
  std::optional<CheckpointRecord> parent;
};
CheckpointReport report_checkpoint(Engine& engine, ChunkSession& session, const ScanResult& scan, const TakenCheckpoint& outcome,
                                   std::int64_t started_ns);

}  // namespace metamori
