// P6, P7: what lies below a directory that can't be read is not known, so that a restore leaves it as it is, and lists it.

#include <gtest/gtest.h>

#include "tests/unit/restore_world.hpp"

namespace metamori::test {
namespace {

class Unread : public ::testing::Test {
 protected:
  void SetUp() override {
    disk.make_directories(kTree);
    init_at_tree(disk);
  }
  void take() {
    disk.advance_clock(10'000'000'000);
    checkpoint(disk);
    disk.advance_clock(10'000'000'000);
  }
  /// Runs `operation` while the scan can't open directories named "shut".
  template <class Operation>
  RestoreReport shut(Operation operation) {
    FaultSystem faulty(disk);
    faulty.set_fault({.matches = [](const CallInfo& info) { return info.call == Call::open_at && info.name == "shut"; },
                      .for_ever = true,
                      .action = FaultAction::fail,
                      .error = EACCES});
    return operation(faulty);
  }
  RestoreReport restore_shut(const RestoreOptions& options) {
    return shut([&](System& system) { return restore(system, options); });
  }
  /// A checkpoint in which "in" is a directory with a file, and another below one that will be shut.
  void take_second() {
    const World world(disk);
    world.write("in/shut/file", "second");
    world.write("in/file", "second");
    take();
  }
  static bool lists(const RestoreReport& report, const std::string& path) {
    return std::any_of(report.warnings.begin(), report.warnings.end(), [&](const auto& warning) { return warning.path == path; });
  }
  std::string text(const std::string& name) { return std::string(as_text(disk.read_file(std::string(kTree) + '/' + name))); }
  [[nodiscard]] bool exists(const std::string& name) const { return disk.exists(std::string(kTree) + '/' + name); }

  SimSystem disk;
};

/// The two checkpoints differ below "in/shut"; since then there is work in no checkpoint there.
void make_work(SimSystem& disk, const std::function<void()>& take) {
  const World world(disk);
  world.write("in/shut/file", "first");
  world.write("in/shut/gone", "first");
  world.write("other", "first");
  take();
  world.write("in/shut/file", "second");
  world.remove("in/shut/gone");
  world.write("in/shut/extra", "second");
  world.write("other", "second");
  take();
  world.write("in/shut/file", "work in no checkpoint");
  world.write("in/shut/gone", "work, too");
}

TEST_F(Unread, WorkBelowStaysAndTheDirectoryIsListed) {
  make_work(disk, [&] { take(); });
  for (const bool saves : {true, false}) {
    RestoreOptions options = to_number(1);
    options.save = saves;
    options.force = !saves;
    const RestoreReport report = restore_shut(options);
    EXPECT_TRUE(lists(report, "in/shut"));
    EXPECT_EQ(text("in/shut/file"), "work in no checkpoint");
    EXPECT_EQ(text("in/shut/gone"), "work, too");
    EXPECT_EQ(text("in/shut/extra"), "second");
    EXPECT_EQ(text("other"), "first");
  }
}

TEST_F(Unread, ItIsListedThoughNothingIsKnownToDiffer) {
  const World world(disk);
  world.write("shut/file", "first");
  take();
  world.write("shut/file", "work in no checkpoint");
  EXPECT_TRUE(lists(restore_shut(to_number(1)), "shut"));
  EXPECT_EQ(text("shut/file"), "work in no checkpoint");
}

TEST_F(Unread, PathsAskedForBelowStay) {
  make_work(disk, [&] { take(); });
  RestoreOptions options = to_number(1);
  options.paths = {"in/shut/file"};
  EXPECT_TRUE(lists(restore_shut(options), "in/shut"));
  EXPECT_EQ(text("in/shut/file"), "work in no checkpoint");
  options.paths = {"other"};
  EXPECT_TRUE(restore_shut(options).warnings.empty());
}

TEST_F(Unread, NoFileTakesThePlaceOfADirectoryThatHoldsOne) {
  const World world(disk);
  world.write("in", "a file");
  take();
  world.remove("in");
  take_second();
  world.write("in/shut/file", "work in no checkpoint");
  EXPECT_TRUE(lists(restore_shut(to_number(1)), "in"));
  EXPECT_EQ(text("in/shut/file"), "work in no checkpoint");
  EXPECT_EQ(text("in/file"), "second");
}

TEST_F(Unread, WhatTheCheckpointLacksIsNotDeletedBelow) {
  const World world(disk);
  world.write("other", "first");
  take();
  take_second();
  const RestoreReport report = restore_shut(to_number(1));
  EXPECT_TRUE(lists(report, "in/shut"));
  EXPECT_EQ(text("in/shut/file"), "second");
  EXPECT_FALSE(exists("in/file"));
  EXPECT_FALSE(std::any_of(report.actions.begin(), report.actions.end(), [](const auto& action) { return action.path == "in"; }));
}

TEST_F(Unread, NamesOfOneFileAreNotTornApartBelow) {
  const World world(disk);
  world.write("name", "linked");
  world.write("shut/else", "x");
  world.link("name", "shut/name");
  take();
  world.remove("name");
  world.write("name", "alone");
  take();
  world.remove("shut/name");
  world.write("shut/name", "work in no checkpoint");
  EXPECT_TRUE(lists(restore_shut(to_number(1)), "shut"));
  EXPECT_EQ(text("shut/name"), "work in no checkpoint");
  EXPECT_EQ(text("name"), "linked");
}

TEST_F(Unread, UndoLeavesItToo) {
  make_work(disk, [&] { take(); });
  restore(disk, to_number(1));
  World(disk).write("in/shut/file", "newer work");
  RestoreOptions options;
  options.control.jobs = 1;
  const RestoreReport report = shut([&](System& system) { return undo_restore(*open_at_tree(system), options); });
  EXPECT_TRUE(lists(report, "in/shut"));
  EXPECT_EQ(text("in/shut/file"), "newer work");
  EXPECT_EQ(text("other"), "second");
}

}  // namespace
}  // namespace metamori::test
