// P4, P15: a restore that falls back takes the nearest ancestor of which all that it needs can be read, and has read it before it touches
// anything.

#include <gtest/gtest.h>

#include "core/describe.hpp"
#include "objects/pack.hpp"
#include "tests/unit/restore_world.hpp"

namespace metamori::test {
namespace {

constexpr std::size_t kFileBytes = 100'000;

class FallBack : public ::testing::Test {
 protected:
  void SetUp() override {
    disk.make_directories(kTree);
    init_at_tree(disk);
  }
  /// A checkpoint in which "file" is noise of that seed, and "other" that of `other`.
  std::uint64_t take(unsigned seed, unsigned other = 1000) {
    const World world(disk);
    world.write("file", noise(kFileBytes, seed));
    world.write("in/other", noise(kFileBytes, other));
    disk.advance_clock(10'000'000'000);
    const std::uint64_t number = checkpoint(disk).checkpoint.number;
    disk.advance_clock(10'000'000'000);
    return number;
  }
  /// Changes a byte of what a checkpoint stored, in the middle of its pack.
  void damage(std::uint64_t number) {
    for (const ChunkId& pack : open_at_tree(disk)->log->get(number).packs) {
      const std::string path = std::string(kTree) + "/.metamori/packs/" + pack_file_name(pack);
      Bytes bytes = disk.read_file(path);
      if (bytes.size() < kFileBytes) continue;
      bytes[kFileBytes / 2] ^= std::byte{1};
      disk.write_file(path, bytes);
    }
  }
  void damage_record(std::uint64_t number) {
    const std::string path = std::string(kTree) + "/.metamori/checkpoints/" + std::to_string(number);
    Bytes bytes = disk.read_file(path);
    bytes[bytes.size() / 2] ^= std::byte{1};
    disk.write_file(path, bytes);
    disk.remove_tree(std::string(kTree) + "/.metamori/cache");
    disk.make_directories(std::string(kTree) + "/.metamori/cache");
  }
  RestoreReport fall_back(std::uint64_t number, const std::vector<std::string>& paths = {}) {
    RestoreOptions options = to_number(number);
    options.remove_extra = paths.empty();
    options.paths = paths;
    options.fall_back = true;
    return restore(disk, options);
  }
  /// Checkpoint 2 to "/copy", or what it falls back to.
  static RestoreOptions to_copy_of_2() {
    RestoreOptions options = to_number(2);
    options.remove_extra = false;
    options.fall_back = true;
    options.target = "/copy";
    return options;
  }
  std::string text(const std::string& name) { return std::string(as_text(disk.read_file(std::string(kTree) + '/' + name))); }
  static std::vector<std::uint64_t> passed_over(const RestoreReport& report) {
    std::vector<std::uint64_t> numbers;
    for (const CheckpointInfo& info : report.passed_over) numbers.push_back(info.number);
    return numbers;
  }

  SimSystem disk;
};

using Numbers = std::vector<std::uint64_t>;

TEST_F(FallBack, ASoundCheckpointIsTakenItself) {
  take(1);
  take(2);
  damage(1);
  World(disk).write("file", "spoiled");
  const RestoreReport report = fall_back(2);
  EXPECT_EQ(text("file"), noise(kFileBytes, 2));
  EXPECT_EQ(report.checkpoint.number, 2U);
  EXPECT_TRUE(report.passed_over.empty());
  EXPECT_TRUE(report.warnings.empty());
}

TEST_F(FallBack, DamagedOnesAreNamedAndTheNearestSoundOneIsTaken) {
  take(1);
  take(2);
  take(3);
  damage(3);
  damage(2);
  World(disk).write("file", "spoiled");
  const RestoreReport report = fall_back(3);
  EXPECT_EQ(text("file"), noise(kFileBytes, 1));
  EXPECT_EQ(report.checkpoint.number, 1U);
  EXPECT_EQ(passed_over(report), (Numbers{3, 2}));
  EXPECT_EQ(report.warnings.size(), 3U);
  const auto engine = open_at_tree(disk);
  EXPECT_EQ(engine->log->head().number, 1U);
  EXPECT_EQ(describe_checkpoint(*engine, {report.saved_as->number, report.saved_as->id}, false).message, "before restore of 1\n");
}

TEST_F(FallBack, WithoutItADamagedOneIsAnError) {
  take(1);
  take(2);
  damage(2);
  World(disk).write("file", "spoiled");
  try {
    restore(disk, to_number(2));
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::corrupt);
  }
}

TEST_F(FallBack, IfNoneIsSoundNothingIsTouched) {
  take(1);
  take(2);
  damage(1);
  damage(2);
  World(disk).write("file", "spoiled");
  const TreeDescription before = tree_and_top(disk);
  const std::uint64_t highest = open_at_tree(disk)->log->highest();
  try {
    fall_back(2);
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::corrupt);
    EXPECT_NE(std::string(error.what()).find("no ancestor is sound, either: 1"), std::string::npos) << error.what();
  }
  EXPECT_EQ(tree_and_top(disk), before);
  EXPECT_EQ(open_at_tree(disk)->log->highest(), highest);
}

TEST_F(FallBack, WhatTheTreeHoldsAlreadyIsNotNeeded) {
  take(1);
  take(2);
  damage(2);
  World(disk).remove("in/other");
  const RestoreReport report = fall_back(2);  // "file" is damaged there, but is as it is to be
  EXPECT_EQ(report.checkpoint.number, 2U);
  EXPECT_EQ(text("file"), noise(kFileBytes, 2));
  EXPECT_EQ(text("in/other"), noise(kFileBytes, 1000));
}

TEST_F(FallBack, WhatIsMadeAnewBecauseOfItsOtherNamesIsNeeded) {
  take(1);
  const World world(disk);
  world.link("file", "name");
  take(2);
  damage(2);
  world.remove("name");
  world.write("name", noise(kFileBytes, 2));  // all as it was, but for being two files
  const Fd file(disk, disk.open_at(world.top.get(), "name", O_RDWR, 0));
  disk.set_mtime(file.get(), disk.node(std::string(kTree) + "/file").mtime);
  EXPECT_EQ(fall_back(2).checkpoint.number, 1U);
  EXPECT_EQ(text("file"), noise(kFileBytes, 1));
}

TEST_F(FallBack, OnlyThePathsAskedForAreNeeded) {
  take(1);
  take(2);
  damage(2);
  const World world(disk);
  world.write("file", "spoiled");
  world.write("in/other", "spoiled, too");
  EXPECT_EQ(fall_back(2, {"in"}).checkpoint.number, 2U);
  EXPECT_EQ(text("in/other"), noise(kFileBytes, 1000));
  const RestoreReport report = fall_back(2, {"file"});
  EXPECT_EQ(report.checkpoint.number, 1U);
  EXPECT_EQ(text("file"), noise(kFileBytes, 1));
}

TEST_F(FallBack, AnAncestorWithoutThePathIsNoSubstitute) {
  take(1);
  World(disk).remove("file");
  checkpoint(disk);
  take(3);
  damage(3);
  World(disk).write("file", "spoiled");
  const RestoreReport report = fall_back(3, {"file"});
  EXPECT_EQ(report.checkpoint.number, 1U);
  EXPECT_EQ(passed_over(report), (Numbers{3}));
}

TEST_F(FallBack, ADryRunTellsTheSame) {
  take(1);
  take(2);
  damage(2);
  World(disk).write("file", "spoiled");
  RestoreOptions options = to_number(2);
  options.fall_back = true;
  options.dry_run = true;
  const RestoreReport report = restore(disk, options);
  EXPECT_EQ(report.checkpoint.number, 1U);
  EXPECT_EQ(passed_over(report), (Numbers{2}));
  EXPECT_EQ(text("file"), "spoiled");
}

TEST_F(FallBack, ToAnotherDirectoryAllOfItIsNeeded) {
  take(1);
  take(2);
  damage(2);
  RestoreOptions options = to_copy_of_2();
  const RestoreReport report = restore(disk, options);
  EXPECT_EQ(report.checkpoint.number, 1U);
  EXPECT_EQ(passed_over(report), (Numbers{2}));
  EXPECT_EQ(std::string(as_text(disk.read_file("/copy/file"))), noise(kFileBytes, 1));
  options.paths = {"in"};
  options.target = "/part";
  EXPECT_EQ(restore(disk, options).checkpoint.number, 2U);
  damage(1);
  options.paths.clear();
  options.target = "/none";
  EXPECT_THROW(restore(disk, options), Error);
  EXPECT_FALSE(disk.exists("/none"));
}

TEST_F(FallBack, HeadWhoseRecordIsDamagedIsPassedOver) {
  take(1);
  take(2);
  damage_record(2);
  World(disk).write("file", "spoiled");
  RestoreOptions options = to_copy_of_2();
  options.revision = "HEAD";
  const RestoreReport report = restore(disk, options);
  EXPECT_EQ(report.checkpoint.number, 1U);
  EXPECT_EQ(passed_over(report), (Numbers{2}));
  options.revision = "2";
  options.target = "/other";
  EXPECT_THROW(restore(disk, options), Error);
  EXPECT_FALSE(disk.exists("/other"));
}

TEST_F(FallBack, TheLatestWhoseRecordIsDamagedIsPassedOver) {
  take(1);
  take(2);
  damage_record(2);
  RestoreOptions options = to_copy_of_2();
  options.revision = "latest";
  const RestoreReport report = restore(disk, options);
  EXPECT_EQ(report.checkpoint.number, 1U);
  EXPECT_EQ(passed_over(report), (Numbers{2}));
  options.fall_back = false;
  options.target = "/other";
  EXPECT_THROW(restore(disk, options), Error) << "an older one must not be taken without a word";
  EXPECT_FALSE(disk.exists("/other"));
}

TEST_F(FallBack, ForgottenAncestorsAreSteppedOver) {
  take(1);
  take(2);
  take(3);
  {
    const auto engine = open_at_tree(disk);
    Record tombstone = engine->log->get(2);
    tombstone.kind = RecordKind::tombstone;
    tombstone.content_held = true;
    engine->log->replace(tombstone);
  }
  damage(3);
  World(disk).write("file", "spoiled");
  EXPECT_EQ(fall_back(3).checkpoint.number, 1U);
}

TEST_F(FallBack, UndoIsRefusedWhereTheLastRestoreMayBeInARecordThatIsDamaged) {
  take(1);
  take(2);
  restore(disk, to_number(1));  // safety checkpoint 3, move 4
  damage_record(3);
  const auto engine = open_at_tree(disk);
  RestoreOptions options;
  options.control.jobs = 1;
  try {
    undo_restore(*engine, options);
    FAIL() << "something was undone";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::corrupt);
    EXPECT_NE(std::string(error.what()).find("record 3"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace metamori::test
