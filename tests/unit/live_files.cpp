// Files that somebody has open for writing: told by a checkpoint, and not restored over.

#include <gtest/gtest.h>

#include "tests/unit/restore_world.hpp"

namespace metamori::test {
namespace {

class LiveFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    disk.make_directories(kTree);
    init_at_tree(disk);
    const World world(disk);
    world.write("log", "first");
    world.write("state", "first");
    disk.advance_clock(10'000'000'000);
    checkpoint(disk);
    disk.advance_clock(10'000'000'000);
    world.write("log", "second");
    world.write("state", "second");
    disk.advance_clock(10'000'000'000);
  }
  Fd open_for_writing(const char* name) {
    const World world(disk);
    return {disk, disk.open_at(world.top.get(), name, O_WRONLY, 0)};
  }
  CheckpointReport take(System& system, bool skip_if_unchanged = false) {
    CheckpointOptions options = one_worker();
    options.look_for_writers = true;
    options.skip_if_unchanged = skip_if_unchanged;
    return checkpoint(system, options);
  }
  static RestoreOptions to_first() {
    RestoreOptions options = to_number(1);
    options.look_for_writers = true;
    return options;
  }
  std::string text(const std::string& name) { return std::string(as_text(disk.read_file(std::string(kTree) + '/' + name))); }

  SimSystem disk;
};

TEST_F(LiveFiles, AreToldAndRecordedAndNoLoss) {
  const Fd writer = open_for_writing("log");
  const CheckpointReport report = take(disk);
  ASSERT_EQ(report.verdicts.size(), 1U);
  EXPECT_EQ(report.verdicts[0].path, "log");
  EXPECT_EQ(report.verdicts[0].verdict, CaptureVerdict::clean);
  EXPECT_EQ(report.verdicts[0].live, Liveness::yes);
  EXPECT_FALSE(report.has_losses());
}

TEST_F(LiveFiles, AreNoReasonForACheckpoint) {
  SimOptions volatile_files;  // never believed unchanged: read each time
  volatile_files.file_system_type = 0x01021994;
  SimSystem tmpfs(volatile_files);
  tmpfs.make_directories(kTree);
  init_at_tree(tmpfs);
  World(tmpfs).write("log", "text");
  const World world(tmpfs);
  const Fd writer(tmpfs, tmpfs.open_at(world.top.get(), "log", O_WRONLY, 0));
  tmpfs.advance_clock(10'000'000'000);
  EXPECT_TRUE(take(tmpfs, true).created);
  tmpfs.advance_clock(10'000'000'000);
  const CheckpointReport report = take(tmpfs, true);
  EXPECT_FALSE(report.created);
  EXPECT_EQ(report.verdicts.size(), 1U);
}

TEST_F(LiveFiles, WhereItCannotBeToldNothingIsListed) {
  FaultSystem faulty(disk);
  faulty.set_fault({.matches = [](const CallInfo& info) { return info.call == Call::probe_writers; },
                    .for_ever = true,
                    .action = FaultAction::fail,
                    .error = EOPNOTSUPP});
  EXPECT_TRUE(take(faulty).verdicts.empty());
  const RestoreReport report = restore(faulty, to_first());
  EXPECT_EQ(report.writers_unknown, 2U);
  EXPECT_TRUE(report.warnings.empty());
  EXPECT_EQ(text("log"), "first");
}

TEST_F(LiveFiles, ARestoreOverOneIsRefusedAndChangesNothing) {
  const auto before = user_tree(disk);
  const std::uint64_t highest = open_at_tree(disk)->log->highest();
  {
    const Fd writer = open_for_writing("log");
    for (const bool saves : {true, false}) {
      RestoreOptions options = to_first();
      options.save = saves;
      try {
        restore(disk, options);
        FAIL() << "restored under the hands of a running process";
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::refused);
        EXPECT_EQ(error.path(), "log");
      }
    }
    EXPECT_EQ(user_tree(disk), before);
    EXPECT_EQ(open_at_tree(disk)->log->highest(), highest);

    RestoreOptions dry = to_first();
    dry.dry_run = true;
    const RestoreReport would = restore(disk, dry);
    ASSERT_EQ(would.warnings.size(), 1U);
    EXPECT_EQ(would.warnings[0].path, "log");

    RestoreOptions elsewhere = to_first();
    elsewhere.paths = {"state"};
    restore(disk, elsewhere);
    EXPECT_EQ(text("state"), "first");

    RestoreOptions forced = to_first();
    forced.force = true;
    restore(disk, forced);
    EXPECT_EQ(text("log"), "first");
  }
  restore(disk, to_number(1));
}

}  // namespace
}  // namespace metamori::test
