// T7. P7, P15: beside damaged packs a restore in place of what is sound goes through, and what it did away with comes back by undo,
// although the repository's copy of it may be what is damaged.

#include <gtest/gtest.h>

#include <algorithm>

#include "core/looking.hpp"
#include "core/restore.hpp"
#include "tests/damage/damaged_world.hpp"
#include "tests/support/count.hpp"
#include "tests/support/noise.hpp"
#include "tests/support/scale.hpp"

namespace metamori::test {
namespace {

/// Two checkpoints whose files differ by pages, as wholes, by being there, and not at all; the tree is as the second.
class RestoreBesideDamage : public ::testing::Test {
 protected:
  void SetUp() override {
    disk.make_directories("/tree/in");
    init_at_tree(disk);
    pages = noise(60'000, 1);
    disk.write_file("/tree/pages", pages);
    disk.write_file("/tree/whole", noise(5'000, 2));
    disk.write_file("/tree/in/removed", noise(5'000, 3));
    disk.write_file("/tree/same", noise(3'000, 4));
    first = take();
    pages.replace(20'000, 200, noise(200, 5));
    disk.write_file("/tree/pages", pages);
    disk.write_file("/tree/whole", noise(6'000, 6));
    ASSERT_EQ(disk.remove_file(AT_FDCWD, "/tree/in/removed"), 0);
    disk.write_file("/tree/in/made", noise(4'000, 7));
    second = take();
  }
  TreeDescription take() {
    disk.advance_clock(10'000'000'000);
    checkpoint(disk);
    disk.advance_clock(10'000'000'000);
    return tree(disk);
  }
  static TreeDescription tree(const SimSystem& disk) { return disk.tree("/tree"); }
  static bool is_sound(SimSystem& disk, std::uint64_t number) {
    VerifyOptions options;
    options.data = true;
    options.control.jobs = 1;
    for (const VerifyProblem& problem : verify(*open_at_tree(disk), options).problems)
      for (const CheckpointInfo& info : problem.affects)
        if (info.number == number) return false;
    return true;
  }
  static RestoreReport go_to_first(SimSystem& disk, bool saves, bool fall_back) {
    RestoreOptions options;
    options.control.jobs = 1;
    options.revision = "1";
    options.remove_extra = true;
    options.save = saves;
    options.fall_back = fall_back;
    return restore_checkpoint(*open_at_tree(disk), options);
  }
  void check_saved(SimSystem& damaged, bool fall_back) {
    const RestoreReport report = go_to_first(damaged, true, fall_back);
    ++restored;
    EXPECT_EQ(report.checkpoint.number, 1U);
    expect_files(damaged, first);
    RestoreOptions undo;
    undo.control.jobs = 1;
    undo_restore(*open_at_tree(damaged), undo);
    expect_files(damaged, second);
  }
  /// Without a safety checkpoint what HEAD's checkpoint can't give back is not done away with.
  void check_unsaved(SimSystem& damaged) {
    try {
      go_to_first(damaged, false, false);
      ++restored;
      EXPECT_TRUE(is_sound(damaged, 2));
      expect_files(damaged, first);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::refused) << error.what();
      ++refused;
      expect_files(damaged, second);
    }
  }
  static void expect_files(const SimSystem& disk, const TreeDescription& expected) {
    const TreeDescription found = tree(disk);
    for (const auto& [path, node] : expected) {
      if (path.starts_with(".metamori")) continue;
      const auto there = found.find(path);
      ASSERT_NE(there, found.end()) << path;
      ASSERT_EQ(there->second.content, node.content) << path;
    }
    for (const auto& [path, node] : found) ASSERT_TRUE(path.starts_with(".metamori") || expected.contains(path)) << path;
  }

  SimSystem disk;
  std::string pages;
  TreeDescription first, second;
  std::uint64_t restored = 0, refused = 0;
};

TEST_F(RestoreBesideDamage, P15WhatIsSoundIsRestoredAndUndoBringsBackWhatWasThere) {
  const std::uint64_t stride = test_scale() >= 40 ? 1 : 41 / test_scale();
  std::uint64_t flips = 0;
  for (const std::string& path : files_below(disk, "packs")) {
    const Bytes original = disk.read_file(path);
    for (std::uint64_t offset = flips % stride; offset < original.size(); offset += stride, ++flips) {
      SCOPED_TRACE(path + " at " + std::to_string(offset));
      const auto damaged = disk.copy();
      overwrite_byte(*damaged, path, offset, original[offset] ^ std::byte{0x10});
      if (!is_sound(*damaged, 1)) continue;
      check_saved(*damaged->copy(), flips % 2 == 0);
      check_unsaved(*damaged->copy());
      if (HasFailure()) return;
    }
  }
  print_count("T7.restored-beside-damage", restored);
  print_count("T7.refused-beside-damage", refused);
  EXPECT_GT(refused, 50U);
}

}  // namespace
}  // namespace metamori::test
