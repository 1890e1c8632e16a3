#pragma once

// What happened to a simulated disk since it was last known to be wholly durable, and what a power cut may leave of it.
//
// THE MODEL. An *event* is one call that changed something, or a sync. An event is made of *operations* (sim_disk.hpp): a write is one
// PageWrite for each page it touches, a SizeChange if it makes the file longer, and an AttributeChange for its times.
//
// - Operations on an inode (bytes, size, attributes) become durable by a sync of that inode, or of the file system. Until then each may be
//   lost or kept, in any combination, but that of one page's writes always a prefix is kept: the disk holds a page as it was at some
//   moment. A page write may be torn at a sector of 512 bytes.
// - A name is not part of the file it names: syncing a file does nothing for its name (ext4 is kinder). The inode itself, in the state it
//   was created in, exists as soon as any name for it is kept.
// - Operations on names become durable by a sync of the directory that holds the name. Until then, within a directory some prefix of them
// is
//   kept, each directory having its own; with `reordered`, any combination.
// - A rename within a directory is atomic. One that crosses directories is durable when the *destination* is synced, and until then kept or
//   lost as a whole; with `two_names`, and at times in the random kinds, one of a file whose *source* directory was not synced leaves the
//   old name beside the new.
// - Of operations on the same place (directory and name), one that is kept needs the earlier ones.
// - Syncs that only start or wait for write-back (clean_pages, start_writeback) make nothing durable. A sync interrupted by the cut did
// nothing.
// - `one_lost` and `one_kept` take names in no order, as `random_reordered` does.
// - After the cut everything on the disk is durable, nothing is open or locked, and unreachable inodes are gone, as after fsck.

#include <functional>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/sim_disk.hpp"

namespace metamori::test {

enum class CrashKind {
  all_lost,              ///< nothing survives that was not synced
  all_kept,              ///< everything survives: the plain kill
  data_lost_names_kept,  ///< names, modes; files are as short as they were: published before their bytes
  data_zeroed,           ///< names, modes and sizes; bytes never written read as zeros
  names_lost_data_kept,
  torn,              ///< all is kept, but each page write only up to a random sector
  two_names,         ///< all is kept, but moves to another directory left the old name too
  random,            ///< by `seed`
  random_reordered,  ///< by `seed`, and names of one directory in no order
  one_lost,          ///< all is kept but the `seed`-th operation (from 0) that is not durable, and what can't be without it
  one_kept,          ///< all is lost but that, and what it needs
};

struct CrashVariant {
  CrashKind kind = CrashKind::all_lost;
  std::uint64_t seed = 0;
};

/// One of each kind, those with a random seed `seed_count` times, without `one_lost` and `one_kept`.
std::vector<CrashVariant> crash_variants(std::uint64_t seed_count);
std::string to_string(const CrashVariant& variant);

class SimLog {
 public:
  /// Everything now on `disk` is durable.
  void start(const SimDisk& disk);
  void begin_event(std::string name) { event_names_.push_back(std::move(name)); }
  /// Part of the event begun last.
  void add(Operation operation);
  void sync_inode(InodeId inode);
  void sync_all();
  [[nodiscard]] std::size_t event_count() const noexcept { return event_names_.size(); }
  [[nodiscard]] const std::string& event_name(std::size_t event) const { return event_names_.at(event); }
  /// How many operations a cut after `events` events may lose: the seeds of `one_lost` and `one_kept`.
  [[nodiscard]] std::size_t losable_count(std::size_t events) const { return losable(events).size(); }
  /// What the disk may hold if power is lost when `events` events have happened.
  [[nodiscard]] SimDisk after_cut(std::size_t events, const CrashVariant& variant) const;

 private:
  static constexpr std::size_t kNever = static_cast<std::size_t>(-1);
  struct Entry {
    Operation operation;
    std::size_t event;
    std::size_t durable_from = kNever;         ///< the number of events after which it can't be lost
    std::size_t source_durable_from = kNever;  ///< of a move: the same for the removal of the old name
  };
  class Chooser;

  std::size_t last_entry(std::size_t events) const;
  std::vector<std::size_t> losable(std::size_t events) const;

  SimDisk base_;
  std::vector<std::string> event_names_;
  std::vector<Entry> entries_;
  std::map<InodeId, std::vector<std::size_t>> unsynced_;          ///< entries that a sync of this inode makes durable
  std::map<InodeId, std::vector<std::size_t>> unsynced_sources_;  ///< moves out of this directory
};

}  // namespace metamori::test
