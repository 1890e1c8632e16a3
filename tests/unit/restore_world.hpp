#pragma once

// Two trees that differ in every way a restore has to deal with.

#include <sys/stat.h>

#include <string>

#include "core/restore.hpp"
#include "tests/support/engine_world.hpp"
#include "tests/support/noise.hpp"

namespace metamori::test {

inline RestoreOptions to_number(std::uint64_t number) {
  RestoreOptions options;
  options.revision = std::to_string(number);
  options.remove_extra = true;
  options.control.jobs = 1;
  return options;
}

/// Calls on the disk by path.
class World {
 public:
  explicit World(SimSystem& the_disk) : disk(the_disk), top(disk, disk.open_at(AT_FDCWD, kTree, O_RDONLY | O_DIRECTORY, 0)) {}
  void write(const std::string& name, std::string_view text, std::uint32_t mode = 0644) const {
    disk.write_file(std::string(kTree) + '/' + name, text, mode);
  }
  void remove(const std::string& name) const {
    if (disk.remove_file(top.get(), name.c_str()) < 0) disk.remove_tree(std::string(kTree) + '/' + name);
  }
  void symlink(const std::string& target, const std::string& name) const { disk.make_symlink(target.c_str(), top.get(), name.c_str()); }
  void fifo(const std::string& name) const { disk.make_node(top.get(), name.c_str(), S_IFIFO | 0640, 0, 0); }
  void link(const std::string& from, const std::string& to) const { disk.link(top.get(), from.c_str(), top.get(), to.c_str()); }
  void mode(const std::string& name, std::uint32_t bits) const { disk.set_mode_at(top.get(), name.c_str(), bits); }
  /// A file of that size with data at its start only.
  void sparse(const std::string& name, std::uint64_t size) const {
    write(name, "head");
    const Fd file(disk, disk.open_at(top.get(), name.c_str(), O_RDWR, 0));
    disk.truncate(file.get(), size);
  }
  SimSystem& disk;
  Fd top;
};

struct TreeSizes {
  std::size_t large_bytes = 1'600'000;
  std::uint64_t sparse_bytes = 300'000;
};

inline void make_first_tree(SimSystem& disk, const TreeSizes& sizes = {}) {
  const World world(disk);
  world.write("same", "same");
  world.write("changed", "old text");
  world.write("only_first", "one");
  world.write("mode_only", "m", 0600);
  world.write("large", noise(sizes.large_bytes, 1));
  world.write("file_then_dir", "file");
  world.write("dir_then_file/a", "a");
  world.write("dir_then_file/b/c", "c");
  world.write("gone_dir/x", "x");
  world.write("gone_dir/y/z", "z");
  world.write("linked_1", "linked");
  world.link("linked_1", "linked_2");
  world.write("unlinked_1", "together");
  world.write("unlinked_2", "together");
  world.symlink("changed", "symlink");
  world.symlink("changed", "alias_1");
  world.link("alias_1", "alias_2");
  world.fifo("fifo_1");
  world.link("fifo_1", "fifo_2");
  world.sparse("sparse", sizes.sparse_bytes);
  world.write("shut/inside", "i");
}

inline void make_second_tree(SimSystem& disk, const TreeSizes& sizes = {}) {
  const World world(disk);
  world.write("changed", "new and longer text");
  world.remove("only_first");
  world.write("only_second", "two");
  world.mode("mode_only", 0755);
  std::string large = noise(sizes.large_bytes, 1);
  large.replace(sizes.large_bytes / 2, 6, "change");
  world.write("large", large);
  world.remove("file_then_dir");
  world.write("file_then_dir/in", "in");
  world.remove("dir_then_file");
  world.write("dir_then_file", "now a file");
  world.remove("gone_dir");
  world.write("new_dir/n", "n");
  world.write("new_dir/sub/o", "o");
  world.remove("linked_2");
  world.write("linked_2", "linked");
  world.remove("unlinked_2");
  world.link("unlinked_1", "unlinked_2");
  world.remove("symlink");
  world.symlink("same", "symlink");
  world.remove("alias_2");
  world.symlink("changed", "alias_2");
  world.remove("fifo_1");
  world.remove("fifo_2");
  world.remove("sparse");
  world.sparse("sparse", sizes.sparse_bytes * 2 / 3);
  world.write("shut/more", "more");
}

/// A repository with both trees as checkpoints 1 and 2; the tree is as the second.
inline void make_two_checkpoints(SimSystem& disk, const TreeSizes& sizes = {}) {
  disk.make_directories(kTree);
  init_at_tree(disk);
  make_first_tree(disk, sizes);
  disk.advance_clock(10'000'000'000);
  checkpoint(disk);
  make_second_tree(disk, sizes);
  disk.advance_clock(10'000'000'000);
  checkpoint(disk);
  disk.advance_clock(10'000'000'000);
}

inline RestoreReport restore(System& system, const RestoreOptions& options) { return restore_checkpoint(*open_at_tree(system), options); }

}  // namespace metamori::test
