// P15: what a checkpoint builds on when records are damaged.

#include "core/looking.hpp"
#include "tests/unit/scan_world.hpp"

namespace metamori::test {
namespace {

class DamagedRecord : public ScanWorld {
 protected:
  void SetUp() override {
    ScanWorld::SetUp();
    write("a", "one");
    write("d/b", "one");
    settle();
    checkpoint(disk);
    write("a", "two");
    write("d/b", "two");
    settle();
    checkpoint(disk);
    settle();
  }
  void damage(std::uint64_t number) {
    const std::string path = "/tree/.metamori/checkpoints/" + std::to_string(number);
    Bytes bytes = disk.read_file(path);
    bytes[bytes.size() / 2] ^= std::byte{1};
    disk.write_file(path, ByteView(bytes));
  }
  static CheckpointOptions only(const std::string& path) {
    CheckpointOptions options = one_worker();
    options.paths = {path};
    return options;
  }
};

TEST_F(DamagedRecord, TheNewestIsPassedOverByTheNextCheckpoint) {
  damage(2);
  const auto report = checkpoint(disk);
  EXPECT_EQ(report.checkpoint.number, 3U);
  EXPECT_EQ(report.checkpoint.parent_numbers, std::vector<std::uint64_t>{1});
  EXPECT_EQ(report.checkpoint.line, "main");
  EXPECT_EQ(report.damaged_records, std::vector<std::uint64_t>{2});
  EXPECT_EQ(checkpointed_tree(*open_at_tree(disk), 3), without_link_counts(user_tree(disk)));
  EXPECT_EQ(open_at_tree(disk)->log->head().number, 3U);
  settle();
  EXPECT_TRUE(checkpoint(disk).damaged_records.empty());
  EXPECT_FALSE(verify(*open_at_tree(disk), {}).ok());
}

TEST_F(DamagedRecord, OneThatHeadNamesIsPassedOverToo) {
  disk.write_file("/tree/.metamori/rules", std::string_view("a\n"));  // so that the tree differs from both
  checkpoint(disk);
  {
    const auto engine = open_at_tree(disk);
    const Record first = engine->log->get(1);
    publish_move(*engine, engine->log->head(), {1, first.id()}, MoveReason::restore, 0);
  }
  damage(1);
  const auto report = checkpoint(disk);
  EXPECT_EQ(report.checkpoint.number, 5U);
  EXPECT_EQ(report.checkpoint.parent_numbers, std::vector<std::uint64_t>{3});
  EXPECT_EQ(report.damaged_records, std::vector<std::uint64_t>{1});
}

TEST_F(DamagedRecord, AllOfThemPassedOverItIsTheFirst) {
  damage(1);
  damage(2);
  const auto report = checkpoint(disk);
  EXPECT_EQ(report.checkpoint.number, 3U);
  EXPECT_TRUE(report.checkpoint.parents.empty());
  EXPECT_EQ(report.damaged_records, (std::vector<std::uint64_t>{2, 1}));
}

TEST_F(DamagedRecord, CheckpointOfSomePathsDoesNotTakeTheRestFromAnOlderOne) {
  damage(2);
  try {
    checkpoint(disk, only("a"));
    FAIL() << "took what is outside the paths from an older checkpoint";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::corrupt);
    EXPECT_FALSE(error.hint().empty());
  }
  EXPECT_EQ(open_at_tree(disk)->log->highest(), 2U);
  checkpoint(disk);
  EXPECT_EQ(checkpoint(disk, only("a")).checkpoint.number, 4U);
}

TEST_F(DamagedRecord, IsNotSkippedBecauseTheTreeIsAsInAnOlderCheckpoint) {
  checkpoint(disk);  // the same tree once more
  damage(3);
  CheckpointOptions options = one_worker();
  options.skip_if_unchanged = true;
  EXPECT_TRUE(checkpoint(disk, options).created);
}

TEST_F(DamagedRecord, HeadIsNotSilentlyAnOlderOne) {
  damage(2);
  try {
    open_at_tree(disk)->log->head();
    FAIL() << "HEAD is what it was not";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::corrupt);
    EXPECT_NE(error.hint().find("metamori checkpoint"), std::string::npos);
  }
}

}  // namespace
}  // namespace metamori::test
