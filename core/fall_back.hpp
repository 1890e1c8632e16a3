#pragma once

// Which checkpoint a restore takes its content from: the one asked for or, where the caller wants that and something that is needed of it
// can't be read, its nearest ancestor of which all that is needed can.

#include <functional>
#include <string>
#include <vector>

#include "core/restore_in_place.hpp"

namespace metamori {

/// Reads all that is needed of a checkpoint. Throws corrupt.
using ReadNeeded = std::function<void(const RestoreSource& candidate)>;

class FallBack {
 public:
  /// Both must outlive it.
  FallBack(Engine& engine, const RestoreOptions& options);
  /// The checkpoint to take. Without RestoreOptions::fall_back that is the one asked for, unread. May be asked again, when what is needed
  /// has changed. Throws corrupt if none is sound, bad_revision, and refused for a checkpoint whose content was forgotten.
  RestoreSource choose(const ReadNeeded& read_needed);
  /// What choose() passed over, and why: to a report that has its warnings.
  void tell(RestoreReport& report) const;

 private:
  struct Damaged {
    CheckpointInfo info;  ///< of a record that can't be read the number alone
    std::string why;
  };
  void find_line();
  void note_unreadable(const std::vector<std::uint64_t>& numbers, const std::string& why);
  bool has_scope(const RestoreSource& candidate) const;
  void pass_over(std::uint64_t number, const std::string& why);
  [[noreturn]] void fail() const;

  Engine& engine_;
  const RestoreOptions& options_;
  std::vector<std::string> scope_;
  std::vector<Position> line_;       ///< the one asked for and its ancestors that were not forgotten, nearest first
  std::vector<Damaged> unreadable_;  ///< records newer than those, which should tell where HEAD is or which is the latest
  std::vector<Damaged> damaged_;
};

}  // namespace metamori
