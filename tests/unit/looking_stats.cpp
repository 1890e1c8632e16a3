// What checkpoints and paths take, against what is known of them and against what removing them frees.

#include <map>
#include <set>

#include "core/node_walk.hpp"
#include "core/stats_marks.hpp"
#include "tests/support/noise.hpp"
#include "tests/unit/looking_support.hpp"

namespace metamori::test {
namespace {

/// All chunks that a checkpoint needs.
class Collector final : public NodeVisitor {
 public:
  explicit Collector(std::set<ChunkId>& chunks) : chunks_(chunks) {}
  bool enter(const WalkNode& node) override {
    chunks_.insert(node.id);
    return true;
  }
  void chunk(const ChunkId& id, bool, std::uint32_t) override { chunks_.insert(id); }
  std::uint32_t entry(const Entry&, std::uint32_t tag) override { return tag; }

 private:
  std::set<ChunkId>& chunks_;
};

class StatsTest : public Looking {
 protected:
  StatsReport told(const StatsOptions& options = {}) { return stats(*open_at_tree(disk), options); }
  static StatsOptions about(const std::string& revision, const std::string& path = {}) {
    StatsOptions options;
    options.revision = revision;
    options.path = path;
    return options;
  }
  /// Walked without any marks.
  static std::set<ChunkId> chunks_of(Engine& engine, std::uint64_t number) {
    std::set<ChunkId> chunks;
    Collector collector(chunks);
    const Record record = engine.log->get(number);
    const CheckpointRecord content = decode_checkpoint_record(record.blob, "test");
    walk_root(*engine.store, content.root, 1, collector);
    for (const StreamRef& ref : {content.rules, content.verdicts, content.scope, record.touched})
      walk_stream(*engine.store, ref, 1, collector);
    return chunks;
  }
  /// Rows of these chunks, and of all that they are held as differences to.
  static std::set<std::uint32_t> closed(const ChunkTable& table, const std::set<ChunkId>& chunks) {
    std::set<std::uint32_t> rows;
    std::vector<std::uint32_t> open;
    for (const ChunkId& id : chunks) open.push_back(table.find(id));
    while (!open.empty()) {
      const std::uint32_t row = open.back();
      open.pop_back();
      if (!rows.insert(row).second) continue;
      for (const std::uint32_t base : table.bases(row)) open.push_back(base);
    }
    return rows;
  }
};

TEST_F(StatsTest, ANewRepositoryHasNothing) {
  const StatsReport report = told();
  EXPECT_EQ(report.checkpoints, 0U);
  EXPECT_EQ(report.files.logical, 0U);
  EXPECT_EQ(report.pack_bytes, 0U);
}

TEST_F(StatsTest, SizesAreCountedOnceAsContentAndEachTimeAsFiles) {
  const std::string content = noise(100'000, 1);
  write("a", content);
  write("b", content);
  take("one");
  write("c", "1234");
  take("two");
  const StatsReport report = told();
  EXPECT_EQ(report.checkpoints, 2U);
  EXPECT_EQ(report.lines, 1U);
  EXPECT_EQ(report.files.logical, 2 * 200'000U + 4);
  EXPECT_EQ(report.files.unique, 100'004U);
  EXPECT_GE(report.files.stored, 100'000U);
  EXPECT_LE(report.files.stored, 102'000U);
  EXPECT_GT(report.structure.unique, 0U);
  EXPECT_EQ(report.unused.chunks, 0U);
  EXPECT_GT(report.record_bytes, 0U);
  // Frames and indexes are all that packs hold.
  EXPECT_LT(report.files.stored + report.structure.stored, report.pack_bytes);
  const std::uint64_t chunks = report.files.chunks + report.structure.chunks;
  EXPECT_EQ(report.files.stored + report.structure.stored + chunks * 48 + report.packs * (32 + 64), report.pack_bytes);
}

TEST_F(StatsTest, ForgettingFreesWhatNoOtherHolds) {
  write("kept", noise(50'000, 1));
  write("old", noise(60'000, 2));
  take("one");
  ASSERT_EQ(disk.remove_file(AT_FDCWD, "/tree/old"), 0);
  write("new", noise(70'000, 3));
  take("two");
  write("new", noise(70'000, 4));
  take("three");
  const StatsReport second = told(about("2"));
  ASSERT_TRUE(second.checkpoint);
  EXPECT_EQ(second.checkpoint->whole.logical, 120'000U);
  EXPECT_GE(second.checkpoint->only_here.unique, 70'000U);
  EXPECT_LT(second.checkpoint->only_here.unique, 75'000U);
  const StatsReport first = told(about("1"));
  EXPECT_GE(first.checkpoint->only_here.unique, 60'000U);
  EXPECT_LT(first.checkpoint->only_here.unique, 65'000U);
  StatsOptions all;
  all.by_checkpoint = true;
  const StatsReport report = told(all);
  ASSERT_EQ(report.by_checkpoint.size(), 3U);
  EXPECT_EQ(report.by_checkpoint[0].checkpoint.number, 3U);
  EXPECT_EQ(report.by_checkpoint[1].only_here.stored, second.checkpoint->only_here.stored);
  EXPECT_EQ(report.by_checkpoint[2].only_here.chunks, first.checkpoint->only_here.chunks);
}

/// Against sets of chunks, for a history with changes, moves, branches and large files.
TEST_F(StatsTest, WhatIsOnlyHereIsWhatASetSays) {
  std::string large = noise(2'000'000, 5);
  for (unsigned i = 0; i < 6; ++i) {
    write("large", large);
    write("d/e/f" + std::to_string(i % 3), noise(3000, i % 4));
    take("step");
    large.replace(300'000 * i, 5000, noise(5000, 50 + i));
    if (i == 2) {
      RestoreOptions back;
      back.revision = "2";
      back.remove_extra = true;
      back.control.jobs = 1;
      restore_checkpoint(*open_at_tree(disk), back);
    }
  }
  auto engine = open_at_tree(disk);
  StatsOptions options;
  options.by_checkpoint = true;
  const StatsReport report = stats(*engine, options);
  ASSERT_GE(report.by_checkpoint.size(), 7U);
  const ChunkTable table(*engine);
  std::map<std::uint64_t, std::set<std::uint32_t>> needed;
  std::set<std::uint32_t> all;
  for (const CheckpointStats& each : report.by_checkpoint) {
    needed[each.checkpoint.number] = closed(table, chunks_of(*engine, each.checkpoint.number));
    all.insert(needed[each.checkpoint.number].begin(), needed[each.checkpoint.number].end());
  }
  for (const CheckpointStats& each : report.by_checkpoint) {
    std::set<std::uint32_t> own = needed[each.checkpoint.number];
    for (const auto& [number, rows] : needed)
      if (number != each.checkpoint.number)
        for (const std::uint32_t row : rows) own.erase(row);
    std::uint64_t unique = 0;
    std::uint64_t stored = 0;
    for (const std::uint32_t row : own) {
      unique += table.raw_bytes(row);
      stored += table.stored_bytes(row);
    }
    EXPECT_EQ(each.only_here.chunks, own.size()) << each.checkpoint.number;
    EXPECT_EQ(each.only_here.unique, unique) << each.checkpoint.number;
    EXPECT_EQ(each.only_here.stored, stored) << each.checkpoint.number;
  }
  EXPECT_EQ(report.files.chunks + report.structure.chunks, all.size());
  EXPECT_EQ(report.unused.chunks, table.size() - all.size() + table.copies());
}

TEST_F(StatsTest, APathIsLookedAtAlone) {
  write("d/a", noise(40'000, 1));
  write("d/b", noise(50'000, 2));
  write("c", noise(60'000, 3));
  take("one");
  write("d/b", noise(50'000, 4));
  take("two");
  const StatsReport directory = told(about("2", "d"));
  EXPECT_EQ(directory.checkpoint->whole.logical, 90'000U);
  EXPECT_GE(directory.checkpoint->whole.unique, 90'000U);
  EXPECT_LT(directory.checkpoint->whole.unique, 95'000U);
  EXPECT_GE(directory.checkpoint->only_here.unique, 50'000U);
  EXPECT_LT(directory.checkpoint->only_here.unique, 55'000U);
  EXPECT_EQ(told(about("2", "d/a")).checkpoint->only_here.chunks, 0U);
  EXPECT_THROW(told(about("2", "none")), Error);
  StatsOptions without_revision;
  without_revision.path = "d";
  EXPECT_THROW(told(without_revision), Error);
}

TEST_F(StatsTest, ByPathTellsWhatMadeTheRepositoryGrow) {
  write("d/a", noise(10'000, 1));
  write("d/sub/x", noise(20'000, 2));
  write("big", noise(90'000, 3));
  write("copy", noise(10'000, 1));
  take("one");
  write("d/a", noise(10'000, 4));
  take("two");
  write("d/a", noise(10'000, 1));
  take("three");
  StatsOptions options;
  options.by_path = true;
  const auto rows = [&] {
    std::map<std::string, PathStats> by_name;
    for (const PathStats& row : told(options).by_path) by_name[row.path] = row;
    return by_name;
  };
  auto found = rows();
  EXPECT_EQ(found["big"].versions, 1U);
  EXPECT_EQ(found["big"].amount.logical, 90'000U);
  // `copy` had its content first, in the order of names.
  EXPECT_EQ(found["copy"].versions, 1U);
  EXPECT_EQ(found["d"].versions, 2U);
  EXPECT_EQ(found["d"].amount.logical, 30'000U);
  EXPECT_GE(found["d"].amount.unique, 30'000U);
  EXPECT_TRUE(found.contains(""));
  EXPECT_EQ(told(options).by_path.front().path, "big");
  options.depth = 2;
  found = rows();
  EXPECT_EQ(found["d/a"].versions, 1U);
  EXPECT_EQ(found["d/sub"].versions, 1U);
  options.depth = 1;
  options.revision = "2";
  options.path = "d";
  found = rows();
  EXPECT_EQ(found["d/a"].amount.logical, 10'000U);
  EXPECT_FALSE(found.contains("big"));
}

TEST_F(StatsTest, NoContentIsRead) {
  write("large", noise(5'000'000, 1));
  take("one");
  disk.advance_clock(10'000'000'000);
  auto engine = open_at_tree(disk);
  // Damage in the content of files changes nothing: it is not looked at.
  const StatsReport before = stats(*engine, {});
  const Root root = get_root(*engine->store, decode_checkpoint_record(engine->log->get(1).blob, "test").root);
  const Entry entry = *find_path(*engine->store, root, "large");
  ExtentCursor cursor(*engine->store, entry.content);
  damage(*engine, {cursor.current()->id});
  auto again = open_at_tree(disk);
  Bytes out;
  EXPECT_THROW(again->store->read(cursor.current()->id, out), Error);
  EXPECT_EQ(stats(*again, {}).files.stored, before.files.stored);
}

}  // namespace
}  // namespace metamori::test
