// P6, P14: a checkpoint written to another directory.

#include <gtest/gtest.h>

#include "tests/unit/restore_world.hpp"

namespace metamori::test {
namespace {

RestoreOptions to_directory(std::uint64_t number, const std::string& target) {
  RestoreOptions options = to_number(number);
  options.remove_extra = false;
  options.target = target;
  return options;
}

TEST(RestoreElsewhere, GivesTheTreeBackExactly) {
  SimSystem disk;
  make_two_checkpoints(disk);
  const TreeDescription tree = user_tree(disk);
  const RestoreReport report = restore(disk, to_directory(2, "/copies/second"));
  EXPECT_EQ(disk.tree("/copies/second"), tree);
  EXPECT_TRUE(report.warnings.empty());
  EXPECT_FALSE(report.head_moved);
}

TEST(RestoreElsewhere, DryRunTellsWhatWouldBeWritten) {
  SimSystem disk;
  make_two_checkpoints(disk);
  RestoreOptions options = to_directory(2, "/copy");
  options.dry_run = true;
  const RestoreReport report = restore(disk, options);
  EXPECT_FALSE(disk.exists("/copy"));
  options.dry_run = false;
  const RestoreReport done = restore(disk, options);
  EXPECT_GT(done.bytes_written, 0U);
  EXPECT_GE(report.bytes_written, done.bytes_written);
}

TEST(RestoreElsewhere, WhatAnEarlierRunFailedToSetIsSetByTheNext) {
  SimSystem disk;
  make_two_checkpoints(disk);
  FaultSystem faulty(disk);
  faulty.set_fault({.matches = [](const CallInfo& info) { return info.call == Call::set_mode; },
                    .for_ever = true,
                    .action = FaultAction::fail,
                    .error = EIO});
  EXPECT_FALSE(restore(faulty, to_directory(2, "/copy")).warnings.empty());
  RestoreOptions options = to_directory(2, "/copy");
  options.overwrite = Overwrite::if_changed;
  EXPECT_TRUE(restore(disk, options).warnings.empty());
  EXPECT_EQ(disk.tree("/copy"), user_tree(disk));
}

TEST(RestoreElsewhere, NonEmptyDirectoryIsRefusedUnlessOverwritingIsSpelledOut) {
  SimSystem disk;
  make_two_checkpoints(disk);
  disk.write_file("/copy/changed", std::string_view("mine"));
  EXPECT_THROW(restore(disk, to_directory(2, "/copy")), Error);
  RestoreOptions options = to_directory(2, "/copy");
  options.overwrite = Overwrite::never;
  restore(disk, options);
  EXPECT_EQ(std::string(as_text(disk.read_file("/copy/changed"))), "mine");
  options.overwrite = Overwrite::if_changed;
  restore(disk, options);
  EXPECT_EQ(disk.tree("/copy"), user_tree(disk));
}

TEST(RestoreElsewhere, AHoleCostsNothingHoweverLargeItIs) {
  SimSystem disk;
  disk.make_directories(kTree);
  init_at_tree(disk);
  constexpr std::uint64_t kHuge = 1ULL << 60;
  const World world(disk);
  world.sparse("huge", kHuge);
  {
    const Fd file(disk, disk.open_at(world.top.get(), "huge", O_RDWR, 0));
    disk.write_at(file.get(), as_bytes("middle"), kHuge / 2);
  }
  checkpoint(disk);
  for (const bool verify : {false, true}) {
    RestoreOptions options = to_directory(1, verify ? "/verified" : "/copy");
    options.verify = verify;
    restore(disk, options);
    const Fd file(disk, disk.open_at(AT_FDCWD, verify ? "/verified/huge" : "/copy/huge", O_RDONLY, 0));
    EXPECT_EQ(stat_of(disk, file.get(), "huge").size_bytes, kHuge);
    Bytes middle(6);
    EXPECT_EQ(disk.read_at(file.get(), middle, kHuge / 2), 6);
    EXPECT_EQ(as_text(middle), "middle");
  }
}

TEST(RestoreElsewhere, TreeAndRepositoryAreRefused) {
  SimSystem disk;
  make_two_checkpoints(disk);
  EXPECT_THROW(restore(disk, to_directory(2, kTree)), Error);
  EXPECT_THROW(restore(disk, to_directory(2, std::string(kTree) + "/.metamori/tmp/x")), Error);
}

}  // namespace
}  // namespace metamori::test
