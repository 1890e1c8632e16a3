// P6: what comes back is what was there. Every kind of change in both directions, and back again.

#include <gtest/gtest.h>

#include "tests/unit/restore_world.hpp"

namespace metamori::test {
namespace {

class RestoreInPlace : public ::testing::Test {
 protected:
  void SetUp() override {
    disk.make_directories(kTree);
    init_at_tree(disk);
    make_first_tree(disk);
    settle();
    checkpoint(disk);
    first = user_tree(disk);
    make_second_tree(disk);
    settle();
    checkpoint(disk);
    second = user_tree(disk);
    settle();
  }
  void settle() { disk.advance_clock(10'000'000'000); }
  std::string text(const std::string& name) { return std::string(as_text(disk.read_file(std::string(kTree) + '/' + name))); }
  std::uint64_t head() { return open_at_tree(disk)->log->head().number; }

  SimSystem disk;
  TreeDescription first, second;
};

TEST_F(RestoreInPlace, GoesBackAndForthExactly) {
  const RestoreReport back = restore(disk, to_number(1));
  EXPECT_EQ(user_tree(disk), first);
  EXPECT_TRUE(back.head_moved);
  EXPECT_TRUE(back.saved_as.has_value());
  EXPECT_TRUE(back.warnings.empty()) << back.warnings.front().path << ": " << back.warnings.front().message;
  EXPECT_EQ(head(), 1U);
  settle();
  restore(disk, to_number(2));
  EXPECT_EQ(user_tree(disk), second);
  EXPECT_EQ(head(), 2U);
}

TEST_F(RestoreInPlace, SameWithReflinks) {
  disk.configure([](SimOptions& options) { options.reflinks = true; });
  restore(disk, to_number(1));
  EXPECT_EQ(user_tree(disk), first);
}

TEST_F(RestoreInPlace, LargeFileThatDiffersLittleKeepsItsInode) {
  FileStat before, after;
  const World world(disk);
  disk.stat_at(world.top.get(), "large", before);
  restore(disk, to_number(1));
  disk.stat_at(world.top.get(), "large", after);
  EXPECT_EQ(before.inode, after.inode);
}

TEST_F(RestoreInPlace, UndoTakesItBackAndUndoneAgainItIsRedone) {
  restore(disk, to_number(1));
  settle();
  RestoreOptions options;
  options.control.jobs = 1;
  undo_restore(*open_at_tree(disk), options);
  EXPECT_EQ(user_tree(disk), second);
  EXPECT_EQ(head(), 2U);
  settle();
  undo_restore(*open_at_tree(disk), options);
  EXPECT_EQ(user_tree(disk), first);
  EXPECT_EQ(head(), 1U);
}

TEST_F(RestoreInPlace, UndoPutsTheTimesOfDirectoriesBackThatOnlyHeldWhatChanged) {
  World(disk).write("shut/inside", "precious");  // leaves the directory's time alone
  settle();
  const TreeDescription before = tree_and_top(disk);
  RestoreOptions some = to_number(2);
  some.paths = {"shut/inside", "changed", "linked_1"};
  RestoreOptions keeping = some;
  keeping.keep_inode = true;  // undoing will not: it moves the directory's time, though the restore did not
  for (const RestoreOptions& options : {to_number(2), some, keeping}) {
    restore(disk, options);
    settle();
    undo_restore(*open_at_tree(disk), {});
    EXPECT_TRUE(tree_and_top(disk) == before);
    settle();
  }
}

TEST_F(RestoreInPlace, UndoTakesBackARestoreThatOnlyChangedTheTimeOfADirectory) {
  RestoreOptions some = to_number(1);
  some.paths = {"gone_dir/y/z"};
  restore(disk, some);
  settle();
  disk.set_mtime_at(World(disk).top.get(), "shut", {1'000'000'000, 0});
  settle();
  const TreeDescription before = tree_and_top(disk);
  some.revision = "2";
  some.paths = {"shut"};
  restore(disk, some);
  EXPECT_FALSE(tree_and_top(disk) == before);
  settle();
  undo_restore(*open_at_tree(disk), {});
  EXPECT_TRUE(tree_and_top(disk) == before) << "the restore before that one was undone";
}

TEST_F(RestoreInPlace, UndoPassesOverARestoreThatWasRefusedThoughADirectoryGotANameSince) {
  const TreeDescription before = tree_and_top(disk);
  restore(disk, to_number(1));
  settle();
  FaultSystem full(disk);
  full.set_fault({.matches = FaultSystem::only(Call::make_symlink), .for_ever = true, .error = ENOSPC});
  EXPECT_THROW(restore(full, to_number(2)), Error);
  settle();
  World(disk).write("shut/later", "later");
  settle();
  undo_restore(*open_at_tree(disk), {});
  TreeDescription after = tree_and_top(disk);
  EXPECT_EQ(after.erase("shut/later"), 1U);
  EXPECT_TRUE(after == before);
}

TEST_F(RestoreInPlace, KeepingTheInodeChangesEveryNameAndUndoingToo) {
  const World world(disk);
  world.remove("new_dir/n");
  world.link("unlinked_1", "new_dir/n");
  settle();
  checkpoint(disk);
  const Fd file(disk, disk.open_at(world.top.get(), "unlinked_1", O_WRONLY, 0));
  disk.write_at(file.get(), as_bytes("apart"), 0);
  settle();
  const TreeDescription before = tree_and_top(disk);
  RestoreOptions options = to_number(3);
  options.paths = {"unlinked_2"};
  options.keep_inode = true;
  const RestoreReport report = restore(disk, options);
  EXPECT_EQ(text("new_dir/n"), "together");
  std::vector<std::string> told;
  for (const RestoreAction& action : report.actions) told.push_back(action.path);
  EXPECT_EQ(told, (std::vector<std::string>{"new_dir/n", "unlinked_1", "unlinked_2"}));
  settle();
  undo_restore(*open_at_tree(disk), {});
  EXPECT_TRUE(tree_and_top(disk) == before);
}

TEST_F(RestoreInPlace, ANameIsNotLinkedToAFileWithOtherAttributes) {
  disk.set_attribute(World(disk).top.get(), "unlinked_1", "user.state", as_bytes("later"));
  settle();
  RestoreOptions options = to_number(2);
  options.paths = {"unlinked_2"};
  restore(disk, options);
  EXPECT_TRUE(disk.node(std::string(kTree) + "/unlinked_2").attributes.empty());
  EXPECT_FALSE(disk.node(std::string(kTree) + "/unlinked_1").attributes.empty());
}

TEST_F(RestoreInPlace, UnsavedWorkIsInTheSafetyCheckpoint) {
  World(disk).write("changed", "precious");
  settle();
  restore(disk, to_number(1));
  EXPECT_EQ(text("changed"), "old text");
  settle();
  undo_restore(*open_at_tree(disk), {});
  EXPECT_EQ(text("changed"), "precious");
}

TEST_F(RestoreInPlace, WithoutSavingUnsavedWorkIsRefused) {
  World(disk).write("changed", "precious");
  settle();
  RestoreOptions options = to_number(1);
  options.save = false;
  try {
    restore(disk, options);
    FAIL() << "work was overwritten";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::refused);
    EXPECT_EQ(error.path(), "changed");
  }
  EXPECT_EQ(text("changed"), "precious");
  options.force = true;
  restore(disk, options);
  EXPECT_EQ(user_tree(disk), first);
}

TEST_F(RestoreInPlace, WorkInNoCheckpointIsReplacedWithoutALeftoverInTheDirectorysTime) {
  RestoreOptions options = to_number(2);
  options.keep_inode = true;
  options.save = false;
  options.force = true;
  const TreeDescription before = tree_and_top(disk);
  const World world(disk);
  const Fd file(disk, disk.open_at(world.top.get(), "changed", O_WRONLY, 0));
  disk.write_at(file.get(), as_bytes("lost"), 0);
  settle();
  restore(disk, options);
  EXPECT_TRUE(tree_and_top(disk) == before);
}

TEST_F(RestoreInPlace, WorkInNoCheckpointIsReplacedUnderEveryName) {
  RestoreOptions options = to_number(2);
  options.keep_inode = true;
  options.save = false;
  options.force = true;
  const TreeDescription before = tree_and_top(disk);
  const Fd file(disk, disk.open_at(World(disk).top.get(), "unlinked_2", O_WRONLY, 0));
  disk.write_at(file.get(), as_bytes("lost"), 0);
  settle();
  restore(disk, options);
  EXPECT_TRUE(tree_and_top(disk) == before);
}

TEST_F(RestoreInPlace, FilesBornLaterStayUnlessDeletingIsAskedFor) {
  RestoreOptions options = to_number(1);
  options.remove_extra = false;
  const RestoreReport report = restore(disk, options);
  EXPECT_EQ(text("only_second"), "two");
  EXPECT_EQ(text("new_dir/n"), "n");
  EXPECT_EQ(report.left_alone, 4U);  // only_second, new_dir/n, new_dir/sub/o, shut/more
}

TEST_F(RestoreInPlace, OnlyTheGivenPathsChange) {
  RestoreOptions options = to_number(1);
  options.paths = {"gone_dir/y"};
  const RestoreReport report = restore(disk, options);
  EXPECT_EQ(text("gone_dir/y/z"), "z");
  EXPECT_FALSE(disk.exists(std::string(kTree) + "/gone_dir/x"));
  EXPECT_EQ(text("changed"), "new and longer text");
  EXPECT_FALSE(report.head_moved);
  settle();
  undo_restore(*open_at_tree(disk), {});
  EXPECT_FALSE(disk.exists(std::string(kTree) + "/gone_dir"));
}

TEST_F(RestoreInPlace, DryRunChangesNothing) {
  RestoreOptions options = to_number(1);
  options.dry_run = true;
  const auto before = disk.tree(kTree);
  const RestoreReport report = restore(disk, options);
  EXPECT_FALSE(report.actions.empty());
  EXPECT_EQ(user_tree(disk), second);
  EXPECT_EQ(open_at_tree(disk)->log->highest(), 2U);
  const RestoreReport done = restore(disk, to_number(1));
  EXPECT_GT(done.bytes_written, 0U);
  EXPECT_GE(report.bytes_written, done.bytes_written);
}

TEST_F(RestoreInPlace, UntrackedFileInTheWayIsSavedAndComesBack) {
  const std::string rules = std::string(kTree) + "/.metamori/rules";
  disk.write_file(rules, std::string_view("!only_first\n"));
  World(disk).write("only_first", "untracked and precious");
  settle();
  restore(disk, to_number(1));
  EXPECT_EQ(text("only_first"), "one");
  settle();
  undo_restore(*open_at_tree(disk), {});
  EXPECT_EQ(text("only_first"), "untracked and precious");
}

TEST_F(RestoreInPlace, SymlinkInPlaceOfADirectoryIsNotFollowed) {
  disk.write_file("/outside/x", std::string_view("outside"));
  World(disk).symlink("/outside", "gone_dir");
  settle();
  restore(disk, to_number(1));
  EXPECT_EQ(std::string(as_text(disk.read_file("/outside/x"))), "outside");
  EXPECT_EQ(text("gone_dir/x"), "x");
  EXPECT_EQ(user_tree(disk), first);
}

TEST_F(RestoreInPlace, FileChangedWhileStagingIsNotOverwritten) {
  FaultSystem watched(disk);
  bool done = false;
  watched.on_before([&](const CallInfo& info) {
    if (done || info.call != Call::make_directory || !info.name.starts_with(kStagePrefix)) return;
    done = true;
    World(disk).write("changed", "written meanwhile");
  });
  EXPECT_THROW(restore(watched, to_number(1)), Error);
  EXPECT_TRUE(done);
  EXPECT_EQ(text("changed"), "written meanwhile");
  EXPECT_FALSE(restore_is_pending(*open_at_tree(disk)));
  for (const auto& [path, node] : user_tree(disk)) EXPECT_EQ(path.find(kStagePrefix), std::string::npos) << path;
}

}  // namespace
}  // namespace metamori::test
