#pragma once

#include "core/scan.hpp"

namespace metamori {

/// Takes and publishes a checkpoint. Errors as Repository::checkpoint.
CheckpointReport take_checkpoint(Engine& engine, const CheckpointOptions& options);

/// A safety checkpoint: the whole tree as tracked, and `touched` paths whether tracked or not. `touched` is asked for after the scan, with
/// its result and the session that reads its chunks; sorted paths, or nothing if the session has come to distrust packs that the scan
/// relies on: then the tree is scanned again, and all of it read. `message` is looked at after that. Holds the session open, so that the
/// plan made from it can be read. Nothing is published if `touched` is empty.
struct SafetyCheckpoint {
  Position position;                      ///< number 0: nothing was published
  std::unique_ptr<ChunkSession> session;  ///< reads what the scan stored, also where nothing was published
  ScanResult scan;                        ///< its root
  std::unique_ptr<TreeScan> walk;         ///< for captured_stat()
  std::uint64_t bytes_added = 0;
};
using FindTouched = std::function<std::optional<std::vector<TouchedPath>>(const ScanResult& scan, ChunkSession& session)>;
SafetyCheckpoint take_safety_checkpoint(Engine& engine, const std::string& message, const FindTouched& touched, const Control& control);

/// Publishes a move of HEAD under the next free number; returns that number. Throws refused if somebody else moved HEAD away from `before`
/// meanwhile.
std::uint64_t publish_move(Engine& engine, const Position& before, const Position& after, MoveReason reason, std::uint64_t safety_number);
/// Publishes a move of HEAD to where it is: files were put back, and who was looking at the tree meanwhile must look again.
std::uint64_t publish_stay(Engine& engine, MoveReason reason, std::uint64_t safety_number);

}  // namespace metamori
