#pragma once

// A tree with a repository on a simulated disk, and the engine over it: for tests of whole walks.

#include <memory>
#include <string>
#include <vector>

#include "core/checkpoint.hpp"
#include "core/engine.hpp"
#include "core/tree_diff.hpp"
#include "tests/support/fault_system.hpp"
#include "tests/support/sim_system.hpp"

namespace metamori::test {

inline constexpr const char* kTree = "/tree";

/// The tree's files without the repository, as the disk has them.
inline TreeDescription user_tree(const SimSystem& disk, const std::string& top = kTree) {
  TreeDescription all = disk.tree(top);
  std::erase_if(all, [](const auto& node) { return node.first == ".metamori" || node.first.starts_with(".metamori/"); });
  return all;
}

/// With the top itself, as path "". Its link count is left 0, as the repository counts in it.
inline TreeDescription tree_and_top(const SimSystem& disk, const std::string& top = kTree) {
  TreeDescription tree = user_tree(disk, top);
  tree[""] = disk.node(top);
  tree[""].link_count = 0;
  return tree;
}

inline std::unique_ptr<Engine> open_at_tree(System& system, const std::string& tree = kTree) {
  OpenOptions options;
  options.start_directory = tree;
  return open_engine(system, options);
}

inline std::unique_ptr<Engine> init_at_tree(System& system, const std::string& tree = kTree) {
  InitOptions options;
  options.directory = tree;
  return init_engine(system, options);
}

/// One worker: the order of all calls is the same in every run.
inline CheckpointOptions one_worker() {
  CheckpointOptions options;
  options.control.jobs = 1;
  return options;
}

/// A checkpoint by a program of its own.
inline CheckpointReport checkpoint(System& system, const CheckpointOptions& options = one_worker(), const std::string& tree = kTree) {
  return take_checkpoint(*open_at_tree(system, tree), options);
}

/// What a checkpoint holds, in the same form as the disk's tree: every path with type and permission bits, owner, time, content, link
/// target, attributes. Link counts are left 0; compare with `without_link_counts`.
TreeDescription checkpointed_tree(Engine& engine, std::uint64_t number);
/// As tree_and_top().
TreeDescription checkpointed_tree_and_top(Engine& engine, std::uint64_t number);
TreeDescription without_link_counts(TreeDescription tree);
/// As above for trees that hold directories whose own times don't matter.
TreeDescription without_directory_times(TreeDescription tree);

}  // namespace metamori::test
