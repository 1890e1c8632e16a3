#pragma once

// A small repository with some of everything, to be damaged.

#include <memory>
#include <string>
#include <vector>

#include "tests/support/engine_world.hpp"

namespace metamori::test {

struct DamageWorld {
  std::unique_ptr<SimSystem> disk;
  std::map<std::uint64_t, TreeDescription> trees;  ///< what each checkpoint holds

  /// All files in these directories of the repository, with their absolute paths.
  [[nodiscard]] std::vector<std::string> files(const std::vector<std::string>& directories) const;
  /// All whose damage must be reported.
  [[nodiscard]] std::vector<std::string> durable_files() const;
};
/// Several checkpoints (one of some paths, one on a second line), a safety checkpoint, a move and tags; groups, plain and patched chunks,
/// lists of level 2, hard links, holes, attributes.
DamageWorld make_damage_world();

/// The disk when a restore has done a part of its steps.
struct PendingWorld {
  std::unique_ptr<SimSystem> disk;
  TreeDescription old_tree, new_tree;
};
PendingWorld make_pending_world(const SimSystem& start);

std::vector<std::string> files_below(const SimSystem& disk, const std::string& directory);
/// Leaves the file's size, and what is around the byte, as it is.
void overwrite_byte(SimSystem& disk, const std::string& path, std::uint64_t offset, std::byte value);

}  // namespace metamori::test
