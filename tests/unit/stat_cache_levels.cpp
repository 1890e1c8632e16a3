// The stat cache's upkeep costs what changed, and what it says stays true.

#include "tests/unit/scan_world.hpp"

namespace metamori::test {
namespace {

constexpr int kDirectories = 60;
constexpr const char* kCache = "/tree/.metamori/cache/";

class StatCacheLevels : public ScanWorld {
 protected:
  void SetUp() override {
    ScanWorld::SetUp();
    for (int i = 0; i < kDirectories; ++i)
      for (int j = 0; j < 10; ++j) write(name(i) + "/file" + std::to_string(j), "content");
    settle();
    checkpoint(disk);
    settle();
  }
  static std::string name(int i) { return "directory" + std::to_string(i); }
  std::size_t size(const std::string& file) { return disk.read_file(kCache + file).size(); }
  bool exists(const std::string& file) { return disk.exists(kCache + file); }
  std::uint64_t bytes_read() {
    settle();
    const auto report = checkpoint(disk);
    EXPECT_EQ(checkpointed_tree(*open_at_tree(disk), report.checkpoint.number), without_link_counts(user_tree(disk)));
    return report.bytes_read;
  }
};

TEST_F(StatCacheLevels, OneChangedFileWritesItsDirectoriesOnly) {
  const Bytes before = disk.read_file(std::string(kCache) + "stat");
  write(name(3) + "/file5", "changed");
  EXPECT_EQ(bytes_read(), 7U);
  EXPECT_EQ(disk.read_file(std::string(kCache) + "stat"), before);
  EXPECT_LT(size("stat-1"), before.size() / 8);
  EXPECT_EQ(bytes_read(), 0U);
  EXPECT_FALSE(exists("stat-2"));
}

TEST_F(StatCacheLevels, ManyChangesAreMergedAndStillSpareWork) {
  std::size_t merges = 0;
  for (int round = 0; round < 30; ++round) {
    const bool had_levels = exists("stat-1");
    write(name(round % 7) + "/file" + std::to_string(round % 10), "round " + std::to_string(round));
    if (round % 5 == 0) disk.remove_tree(std::string(kTree) + '/' + name(20 + round));
    ASSERT_LE(bytes_read(), 10U);
    merges += had_levels && !exists("stat-1") ? 1 : 0;
    ASSERT_FALSE(exists("stat-7"));
  }
  EXPECT_GE(merges, 2U);
  EXPECT_EQ(bytes_read(), 0U);
}

TEST_F(StatCacheLevels, ALevelThatIsLostOrDamagedCostsWorkNotTruth) {
  write(name(1) + "/file1", "first change");
  bytes_read();
  write(name(2) + "/file2", "second change");
  bytes_read();
  ASSERT_TRUE(exists("stat-2"));
  disk.remove_file(open_directory(disk, AT_FDCWD, kCache, kCache).get(), "stat-1");
  EXPECT_EQ(bytes_read(), 12U);
  Bytes level = disk.read_file(std::string(kCache) + "stat-2");
  level[level.size() / 2] ^= std::byte{1};
  disk.write_file(std::string(kCache) + "stat-2", level);
  bytes_read();
  EXPECT_EQ(bytes_read(), 0U);
}

TEST_F(StatCacheLevels, CheckpointsOfPathsKeepWhatIsKnownOfOthers) {
  CheckpointOptions options = one_worker();
  options.paths = {name(4)};
  write(name(4) + "/file4", "changed");
  settle();
  checkpoint(disk, options);
  EXPECT_EQ(bytes_read(), 0U);
}

}  // namespace
}  // namespace metamori::test
