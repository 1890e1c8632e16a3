#pragma once

// The tree that an archive's entries make, in whichever order they come.

#include <map>
#include <set>

#include "core/paths.hpp"
#include "core/restore_meter.hpp"
#include "objects/directory.hpp"

namespace metamori {

/// Holds every name in memory, some hundred bytes each, and no content.
class ImportTree {
 public:
  explicit ImportTree(WarningList& warnings) : warnings_(warnings) {}
  /// A path of an archive as one in the tree (empty: the top). Nothing if it names what no tree may hold, which is then in the warnings.
  /// Throws usage for one that leads outside, or that is too long.
  std::optional<std::string> path_of(std::string_view name);
  /// Takes one entry; its name is set here. A later one of a path takes the place of the one before. Throws usage if a file would have
  /// others below it.
  void add(const std::string& path, Entry entry);
  /// A further name of the file `target`, which must be there.
  void add_link(const std::string& path, const std::string& target);
  /// Stores listings and root. Returns the root.
  StoredRoot store(ChunkSink& sink);

 private:
  void make_room(const std::string& path, bool is_directory);
  void add_parents(const std::string& path, const Entry& like);
  void leave_group(const std::string& path);

  WarningList& warnings_;
  std::map<std::string, Entry, WalkOrder> entries_;
  std::set<std::string> implied_;  ///< directories that only what is below them tells of
  std::map<std::string, std::uint64_t> group_of_;
  std::map<std::uint64_t, std::set<std::string>> groups_;
  std::uint64_t last_group_ = 0;
};

}  // namespace metamori
