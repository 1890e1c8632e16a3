#pragma once

// Which of the files that a restore brings back were captured while they kept changing, and where they were last whole. Only looks: what
// can't be told because something is damaged is said, and nothing fails.

#include <functional>
#include <string>
#include <vector>

#include "core/engine.hpp"
#include "core/restore_meter.hpp"
#include "objects/record.hpp"

namespace metamori {

class TornFiles {
 public:
  /// What the list of verdicts of checkpoint `from` says; a list that can't be read is warned of.
  TornFiles(Engine& engine, const Position& from, WarningList& warnings);
  /// Paths that may be torn, sorted: marked so, or having content of an earlier checkpoint, where they may have been.
  [[nodiscard]] const std::vector<std::string>& candidates() const noexcept { return candidates_; }
  /// Of the candidates that `was_brought_back` those that are torn, sorted, each with the nearest ancestor that has it whole.
  std::vector<TornFile> find(const std::function<bool(const std::string& path)>& was_brought_back) const;

 private:
  Engine& engine_;
  Position from_;
  CheckpointRecord content_;
  std::vector<std::string> candidates_;
  std::vector<Verdict> verdicts_;  ///< of the candidates
};

/// Whether one of `actions` (sorted by path) writes the content of `path`, or makes or removes a name right in it.
bool is_written(const std::vector<RestoreAction>& actions, const std::string& path);

}  // namespace metamori
