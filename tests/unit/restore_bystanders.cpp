// P8: what a restore, its recovery or its undoing has no business with stays as it is.

#include <gtest/gtest.h>

#include <set>

#include "tests/unit/restore_world.hpp"

namespace metamori::test {
namespace {

class Bystanders : public ::testing::Test {
 protected:
  void SetUp() override {
    disk.make_directories(kTree);
    init_at_tree(disk);
  }
  void settle() { disk.advance_clock(10'000'000'000); }
  FileStat stat(const std::string& name) {
    FileStat result;
    EXPECT_EQ(disk.stat_at(World(disk).top.get(), name.c_str(), result), 0);
    return result;
  }
  std::string target_of(const std::string& name) { return disk.tree(kTree).at(name).link_target; }
  /// A restore whose steps are all done, but whose intent is still there.
  void restore_unfinished(const RestoreOptions& options) {
    FaultSystem faulty(disk);
    faulty.set_fault(
        {.matches = [](const CallInfo& info) { return info.call == Call::remove_file && info.name == "intent"; }, .for_ever = true});
    EXPECT_THROW(restore(faulty, options), Error);
    ASSERT_TRUE(restore_is_pending(*open_at_tree(disk)));
  }
  RecoverReport abort_restore() { return recover_restore(*open_at_tree(disk), RecoverMode::abort, {}); }
  SimSystem disk;
};

TEST_F(Bystanders, LinkAndDeviceChangedSinceTheRestoreStayWhenItIsTakenBack) {
  const World world(disk);
  world.symlink("first", "link");
  disk.make_node(world.top.get(), "device", S_IFCHR | 0600, 1, 3);
  settle();
  checkpoint(disk);
  world.remove("link");
  world.remove("device");
  settle();
  checkpoint(disk);
  settle();
  RestoreOptions options = to_number(1);
  options.special = true;
  restore_unfinished(options);
  ASSERT_EQ(target_of("link"), "first");
  world.remove("link");
  world.symlink("mine", "link");
  world.remove("device");
  disk.make_node(world.top.get(), "device", S_IFCHR | 0600, 1, 5);
  const RecoverReport report = abort_restore();
  EXPECT_EQ(target_of("link"), "mine");
  EXPECT_EQ(stat("device").device_minor, 5U);
  EXPECT_EQ(report.warnings.size(), 2U);
}

TEST_F(Bystanders, LinkAndDeviceThatTheRestoreMadeGoWhenItIsTakenBack) {
  const World world(disk);
  world.symlink("first", "link");
  disk.make_node(world.top.get(), "device", S_IFCHR | 0600, 1, 3);
  settle();
  checkpoint(disk);
  world.remove("link");
  world.remove("device");
  settle();
  const auto before = user_tree(disk);
  RestoreOptions options = to_number(1);
  options.special = true;
  restore_unfinished(options);
  EXPECT_TRUE(abort_restore().warnings.empty());
  EXPECT_EQ(user_tree(disk), before);
}

TEST_F(Bystanders, AFileWhereADirectoryWasStaysWhenTheRestoreIsTakenBack) {
  const World world(disk);
  world.write("it", "a file once");
  settle();
  checkpoint(disk);
  world.remove("it");
  world.write("it/in", "then in a directory");
  world.write("it/deep/in", "then in a directory");
  settle();
  checkpoint(disk);
  settle();
  restore_unfinished(to_number(1));
  world.remove("it");
  world.write("it", "mine");
  const RecoverReport report = abort_restore();
  EXPECT_EQ(as_text(disk.read_file("/tree/it")), "mine");
  std::set<std::string> warned;
  for (const RestoreWarning& warning : report.warnings) warned.insert(warning.path);
  EXPECT_EQ(warned, (std::set<std::string>{"it", "it/deep", "it/deep/in", "it/in"}));
  EXPECT_FALSE(restore_is_pending(*open_at_tree(disk)));
}

TEST_F(Bystanders, ReadingAFileThatItsOwnerMayNotReadLeavesItsModeAlone) {
  // A member of the group that is not restored is compared with the checkpoint, to be linked to.
  const World world(disk);
  world.write("one", "linked", 0200);
  world.link("one", "two");
  settle();
  checkpoint(disk);
  world.remove("one");
  settle();
  RestoreOptions options = to_number(1);
  options.paths = {"one"};
  FaultSystem faulty(disk);
  bool is_closed = true;
  faulty.on_after([&](const CallInfo& info) {
    if (info.call == Call::set_mode_at && info.name == "two") is_closed = false;
  });
  std::uint64_t opened = 0;  // by the scan first
  faulty.set_fault(
      {.matches = [&](const CallInfo& info) { return info.call == Call::open_at && info.name == "two" && ++opened > 1 && is_closed; },
       .for_ever = true,
       .error = EACCES});
  restore(faulty, options);
  EXPECT_FALSE(is_closed);
  EXPECT_EQ(stat("two").mode & 07777, 0200U);
  EXPECT_EQ(stat("one").inode, stat("two").inode);
}

TEST_F(Bystanders, DirectoryThatVanishesWhileTheRestoreIsPlannedStopsIt) {
  const World world(disk);
  std::string large = noise(1'600'000, 1);
  world.write("d/large", large);
  settle();
  checkpoint(disk);
  large.replace(800'000, 6, "change");
  world.write("d/large", large);
  settle();
  RestoreOptions options = to_number(1);
  options.save = false;
  options.force = true;
  FaultSystem watched(disk);
  int opened = 0;  // by the scan, then to see whether it can be written to
  watched.on_after([&](const CallInfo& info) {
    if (info.call == Call::open_at && info.name == "large" && ++opened == 2) disk.remove_tree("/tree/d");
  });
  try {
    restore(watched, options);
    FAIL() << "restored into a directory that is not there";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::refused);
    EXPECT_EQ(error.path(), "d/large");
  }
  EXPECT_EQ(opened, 2);
  EXPECT_FALSE(restore_is_pending(*open_at_tree(disk)));
}

}  // namespace
}  // namespace metamori::test
