#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/scan_walk.hpp"

namespace metamori {

/// The scan of one directory: a task, and the state its parts share until its listing is written.
class DirectoryScan : public std::enable_shared_from_this<DirectoryScan> {
 public:
  /// The directory a walk starts with.
  DirectoryScan(WalkContext& context, const WalkStart& start);
  /// The directory `slot` of `parent`.
  DirectoryScan(std::shared_ptr<DirectoryScan> parent, std::size_t slot);
  /// Lists, stats, captures what is small, and submits the rest as tasks.
  void run();
  /// Of the starting directory, when the walk is over.
  std::optional<Entry> take_result() { return std::move(result_); }

 private:
  enum class State {
    unchanged,  ///< as the cached listing has it
    fresh,      ///< `entry` was captured
    directory,  ///< being scanned; becomes unchanged, fresh or gone
    settled,    ///< `entry` is all that can be known; it could not be looked at
    moved_in,   ///< a directory whose own metadata are as cached but whose listing is new: `entry` holds listing and counts only
    gone
  };
  struct Item {
    std::string name;
    FileStat stat;
    State state = State::gone;
    Tracking tracking = Tracking::tracked;
    bool sound = false;
    std::optional<std::size_t> cached;  ///< index in the cached directory
    std::unique_ptr<Entry> entry;
  };

  // scan_directory.cpp
  bool open();
  /// Of this directory, for as long as it is held. Null if it was moved away.
  std::shared_ptr<const Fd> descriptor();
  bool list_until_stable();
  bool list_once(FileStat& before, FileStat& after);
  void settle_unreadable(Item& item, bool is_directory, int error);
  void classify(Item& item);
  [[nodiscard]] bool is_unchanged(const Item& item) const;
  void schedule();
  void capture_items(const std::vector<std::size_t>& indexes);
  static void take_captured(Item& item, Captured captured);
  void read_when_seen(std::size_t index, Captured captured, const StreamRef& previous);
  [[nodiscard]] std::vector<StreamRef> earlier_contents(const std::vector<std::size_t>& indexes) const;
  void release_descriptor();
  void become_unreadable(int error, const char* action);
  // scan_assemble.cpp
  void finish_look();
  void finish_part();
  void compare_names();
  std::shared_ptr<DirectoryScan> assemble();
  [[nodiscard]] bool is_as_cached() const;
  DirectoryBuilder::Result build_listing();
  void write_cache_block(const DirectoryBuilder::Result& built);
  void deliver(const DirectoryBuilder::Result& built);
  void deliver_gone();
  void deliver_entry(std::unique_ptr<Entry> entry, State state, bool sound);

  WalkContext& context_;
  std::shared_ptr<DirectoryScan> parent_;
  std::size_t slot_ = 0;
  int start_descriptor_ = -1;
  std::string path_;
  std::size_t depth_ = 0;
  bool enter_only_ = false;
  std::shared_ptr<const DirectoryScope> scope_;
  std::shared_ptr<const Fd> fd_;  ///< none: given back, or not needed any more
  std::mutex descriptor_mutex_;
  FileStat stat_;
  StampTrust trust_ = StampTrust::volatile_;
  bool lost_a_name_ = false;  ///< between listing and looking at it
  bool self_sound_ = false;
  bool self_unchanged_ = false;
  std::unique_ptr<Entry> metadata_;  ///< when not self_unchanged_
  std::optional<CachedDirectory> cached_;
  std::vector<Item> items_;
  std::atomic<std::size_t> looks_left_{1};  ///< parts in which there is something to be looked at
  std::atomic<std::size_t> parts_left_{1};  ///< these, and clones to be read
  std::optional<Entry> result_;
};

/// Captures a name as part of a walk (`previous`: its content as captured before, if known): counts it, applies on_torn, and falls back to
/// the previous content of what can't be read. If a clone holds the content, capture_content() has to follow.
Captured capture_for_walk(WalkContext& context, int dir, const std::string& name, const std::string& path, const FileStat& look,
                          StampTrust trust, const StreamRef& previous);

/// Reads what a clone holds, and does what is left to be done.
void capture_content(WalkContext& context, const std::string& path, Captured& captured, const StreamRef& previous);

}  // namespace metamori
