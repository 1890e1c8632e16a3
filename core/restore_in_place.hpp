#pragma once

// A restore in place from its goal to the end; restore and undo differ in the goal alone.

#include <set>

#include "core/checkpoint.hpp"
#include "core/describe.hpp"
#include "core/intent.hpp"
#include "core/restore.hpp"
#include "core/restore_draft.hpp"

namespace metamori {

/// Where a restore takes its content from.
struct RestoreSource {
  Position position;
  Position head;  ///< what HEAD is once the tree is that
  DecodedCheckpoint decoded;
  std::string rules;
};
/// Throws bad_revision, and refused for a checkpoint whose content was forgotten.
RestoreSource resolve_source(Engine& engine, std::string_view revision);
RestoreSource source_at(Engine& engine, const Position& position);

NodePolicy node_policy(const RestoreOptions& options) noexcept;

/// For messages: the first of them, and how many more there are.
std::string named(const std::vector<std::string>& paths);

class InPlaceRestore {
 public:
  InPlaceRestore(Engine& engine, const RestoreOptions& options);
  /// Chooses the goal when the tree has been captured; may be asked again when it has been captured again. `head_after`: where HEAD goes,
  /// if it moves.
  struct Aim {
    RestoreGoal goal;
    Position from;  ///< for the report
    std::optional<Position> head_after;
    MoveReason reason = MoveReason::restore;
    std::string message;  ///< of the safety checkpoint
  };
  using TakeAim = std::function<Aim(const ScanResult& scan, ChunkSource& source)>;
  RestoreReport run(const TakeAim& take_aim);

 private:
  void draft(const ScanResult& scan, ChunkSource& source);
  void look();
  void scan_scratch(const ScanOptions& options, ScratchKeeps keeps);
  void save();
  std::optional<std::vector<TouchedPath>> find_touched(const ScanResult& scan, ChunkSession& session);
  void settle_saved();
  void settle_unsaved();
  void number_staged(const std::set<std::string>& uncaptured);
  /// Where lists of what was captured are read.
  ChunkSource& lists() { return scratch_ ? static_cast<ChunkSource&>(*scratch_) : *engine_.store; }
  void refuse_live();
  void refuse_lost(const std::vector<std::string>& paths, const std::string& what) const;
  void refuse_damaged();
  void verify_ranges();
  void check_space();
  void carry_out();
  void move_head(bool was_changed);
  void fill_report();

  Engine& engine_;
  const RestoreOptions& options_;
  TakeAim take_aim_;
  WarningList warnings_;
  TransferMeter meter_;
  TreeDirectories directories_;
  std::optional<ScratchChunks> scratch_;
  std::optional<SafetyCheckpoint> safety_;
  std::unique_ptr<TreeScan> walk_;
  ScanResult scan_;
  Aim aim_;
  Draft draft_;
  Position head_before_;
  RestoreReport report_;
};

}  // namespace metamori
