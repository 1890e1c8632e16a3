// P6: undo brings back exactly what was there, directories and the top among it.

#include <gtest/gtest.h>

#include "tests/unit/restore_world.hpp"

namespace metamori::test {
namespace {

class Undo : public ::testing::Test {
 protected:
  void SetUp() override {
    disk.make_directories(kTree);
    init_at_tree(disk);
  }
  void settle() { disk.advance_clock(10'000'000'000); }
  void undo() {
    RestoreOptions options;
    options.control.jobs = 1;
    undo_restore(*open_at_tree(disk), options);
  }
  /// The user's tree, and the top itself under the empty path.
  TreeDescription whole_tree() {
    TreeDescription tree = user_tree(disk);
    FileStat stat;
    disk.stat(World(disk).top.get(), stat);
    tree[""].mode = stat.mode;
    tree[""].mtime = stat.mtime;
    return tree;
  }
  void set_top_mode(std::uint32_t mode) { ASSERT_EQ(disk.set_mode(World(disk).top.get(), mode), 0); }
  Time mtime_of(const std::string& name) {
    FileStat stat;
    EXPECT_EQ(disk.stat_at(World(disk).top.get(), name.c_str(), stat), 0);
    return stat.mtime;
  }
  void set_mtime(const std::string& name, Time mtime) { ASSERT_EQ(disk.set_mtime_at(World(disk).top.get(), name.c_str(), mtime), 0); }
  SimSystem disk;
};

TEST_F(Undo, BringsBackTheTopsOwnMetadataThoughHeadDidNotMove) {
  const World world(disk);
  world.write("a", "one");
  settle();
  checkpoint(disk);
  settle();
  set_top_mode(0700);
  settle();
  const auto before = whole_tree();
  restore(disk, to_number(1));
  ASSERT_NE(whole_tree(), before);
  settle();
  undo();
  EXPECT_EQ(whole_tree(), before);
}

TEST_F(Undo, BringsBackTheTimeOfDirectoriesThatWereEqual) {
  const World world(disk);
  world.write("d/a", "one");
  world.write("d/b", "two");
  settle();
  checkpoint(disk);
  const Time mtime = mtime_of("d");
  world.remove("d/b");
  set_mtime("d", mtime);
  settle();
  checkpoint(disk);
  const auto before = whole_tree();
  settle();
  restore(disk, to_number(1));
  ASSERT_NE(whole_tree(), before);
  settle();
  undo();
  EXPECT_EQ(whole_tree(), before);
}

TEST_F(Undo, OfSomePathsBringsBackTheTimesOfTheDirectoriesAbove) {
  const World world(disk);
  world.write("d/a", "one");
  world.write("d/b", "two");
  world.write("c", "three");
  settle();
  checkpoint(disk);
  settle();
  world.remove("d/b");
  world.remove("c");
  settle();
  const auto before = whole_tree();
  RestoreOptions options = to_number(1);
  options.paths = {"d/b", "c"};
  restore(disk, options);
  ASSERT_NE(whole_tree(), before);
  settle();
  undo();
  EXPECT_EQ(whole_tree(), before);
}

TEST_F(Undo, BringsBackTheMetadataOfAnUntrackedDirectory) {
  const World world(disk);
  world.write("d/a", "one");
  world.mode("d", 0755);
  settle();
  checkpoint(disk);
  disk.write_file(std::string(kTree) + "/.metamori/rules", std::string_view("!d\n"));
  world.mode("d", 0700);
  world.write("d/untracked", "not to be stored");
  world.remove("d/a");
  settle();
  const auto before = whole_tree();
  restore(disk, to_number(1));
  ASSERT_NE(whole_tree(), before);
  const auto engine = open_at_tree(disk);
  EXPECT_FALSE(checkpointed_tree(*engine, 2).contains("d/untracked"));  // nothing is stored but what is touched
  settle();
  undo();
  EXPECT_EQ(whole_tree(), before);
}

/// A checkpoint of all, during which `meanwhile` is done right before it would be published as number `number`.
void checkpoint_during(SimSystem& disk, const std::string& number, const std::function<void()>& meanwhile) {
  FaultSystem watched(disk);
  bool done = false;
  watched.on_before([&](const CallInfo& info) {
    if (done || info.call != Call::rename || info.to_name != number) return;
    done = true;
    meanwhile();
  });
  checkpoint(watched);
  EXPECT_TRUE(done);
}

TEST_F(Undo, CheckpointThatSawTheTreeBeforeARestoreLooksAgainThoughHeadDidNotMove) {
  const World world(disk);
  world.write("a", "old");
  world.write("b", "old");
  settle();
  checkpoint(disk);
  for (const bool whole : {true, false}) {
    world.write("a", "newer");
    settle();
    RestoreOptions options = to_number(1);
    if (!whole) options.paths = {"a"};
    const std::uint64_t next = open_at_tree(disk)->log->highest() + 1;
    checkpoint_during(disk, std::to_string(next), [&] { restore(disk, options); });
    const auto engine = open_at_tree(disk);
    EXPECT_EQ(checkpointed_tree(*engine, engine->log->highest()), without_link_counts(user_tree(disk)));
    EXPECT_EQ(as_text(disk.read_file("/tree/a")), "old");
    settle();
  }
}

TEST_F(Undo, PassesOverARestoreThatWasTakenBack) {
  const World world(disk);
  world.write("a", "old");
  settle();
  checkpoint(disk);
  world.write("a", "second");
  settle();
  checkpoint(disk);
  settle();
  RestoreOptions options = to_number(1);
  options.paths = {"a"};
  restore(disk, options);
  settle();
  world.write("a", "third");
  settle();
  FaultSystem faulty(disk);  // this one stops before its intent is dropped
  faulty.set_fault(
      {.matches = [](const CallInfo& info) { return info.call == Call::remove_file && info.name == "intent"; }, .for_ever = true});
  EXPECT_THROW(restore(faulty, options), Error);
  recover_restore(*open_at_tree(disk), RecoverMode::abort, {});
  EXPECT_EQ(as_text(disk.read_file("/tree/a")), "third");
  settle();
  undo();  // of the first
  EXPECT_EQ(as_text(disk.read_file("/tree/a")), "second");
}

}  // namespace
}  // namespace metamori::test
