#pragma once

// The tree whose history the golden repository holds, on a simulated disk: the same bytes, owners and times in every run.

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/engine_world.hpp"

namespace metamori::test {

struct GoldenOwner {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
};

class GoldenWorld {
 public:
  /// An empty tree with a repository.
  GoldenWorld();

  // Paths are relative to the tree's top.
  void put(const std::string& path, ByteView bytes, std::uint32_t mode = 0644);
  void put(const std::string& path, std::string_view text, std::uint32_t mode = 0644) { put(path, as_bytes(text), mode); }
  void append(const std::string& path, std::string_view text);
  /// Bytes at that place; what is before stays a hole.
  void put_at(const std::string& path, std::uint64_t offset, ByteView bytes);
  void resize(const std::string& path, std::uint64_t size);
  void make_directory(const std::string& path, std::uint32_t mode = 0755);
  void make_symlink(const std::string& path, const std::string& target);
  /// `type_and_mode` as of mknod.
  void make_node(const std::string& path, std::uint32_t type_and_mode, std::uint32_t major = 0, std::uint32_t minor = 0);
  void link(const std::string& from, const std::string& to);
  void remove(const std::string& path);
  void set_owner(const std::string& path, GoldenOwner owner);
  void set_mode(const std::string& path, std::uint32_t mode);
  void set_time(const std::string& path, Time mtime);
  void set_attribute(const std::string& path, const std::string& name, ByteView value);

  /// Lets every time stamp grow old, so that nothing is racy.
  void settle() { disk().advance_clock(10'000'000'000); }
  Bytes noise(std::size_t size);
  [[nodiscard]] std::unique_ptr<Engine> open() { return open_at_tree(disk()); }

  SimSystem& disk() { return *disk_; }
  /// Nothing is open or locked any more.
  void reboot() { disk_ = disk_->copy(); }

 private:
  static std::string full(const std::string& path) { return path.empty() ? kTree : std::string(kTree) + '/' + path; }
  static void require(std::int64_t result, std::string_view what, const std::string& path);
  std::unique_ptr<SimSystem> disk_ = std::make_unique<SimSystem>();
  std::mt19937_64 random_{20240229};
};

// golden_trees.cpp: what the tree holds at each step.

/// A pack written before the first checkpoint, of a chain of deltas and patches as deep as the format allows; the tree's files `chain/*`
/// are its chunks, so that checkpoints rest on it.
void make_chain(GoldenWorld& world);
void make_first_tree(GoldenWorld& world);
void make_second_tree(GoldenWorld& world);
/// What rules and ignore files leave out, and a file too large for whole trees to be compared in memory.
void make_passing_files(GoldenWorld& world);
void remove_passing_files(GoldenWorld& world);
void make_third_tree(GoldenWorld& world);
void make_last_tree(GoldenWorld& world);
/// A small tree, and one from which every kind of step leads back to it.
void make_tree_to_restore(GoldenWorld& world);
void change_tree_to_restore(GoldenWorld& world);

}  // namespace metamori::test
