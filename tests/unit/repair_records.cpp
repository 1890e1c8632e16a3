// Records that are damaged or missing: what can be proved comes back as it was; what is lost keeps its number, place and id.

#include <gtest/gtest.h>

#include "core/forget.hpp"
#include "core/gc.hpp"
#include "core/looking.hpp"
#include "objects/record_fold.hpp"
#include "tests/damage/mended.hpp"

namespace metamori::test {
namespace {

const std::string kRecords = "/tree/.metamori/checkpoints/";

class RepairRecords : public ::testing::Test {
 protected:
  RepairRecords() {
    disk.make_directories(kTree);
    init_at_tree(disk);
    for (int i = 1; i <= 6; ++i) take(i);
  }
  void take(int i) {
    disk.write_file("/tree/file", std::string_view("version " + std::to_string(i)));
    disk.advance_clock(10'000'000'000);
    checkpoint(disk);
  }
  Bytes record(std::uint64_t number) { return disk.read_file(kRecords + std::to_string(number)); }
  void put(std::uint64_t number, ByteView bytes) { disk.write_file(kRecords + std::to_string(number), bytes); }
  void lose(std::uint64_t number) { disk.remove_file(AT_FDCWD, (kRecords + std::to_string(number)).c_str()); }
  std::vector<std::uint64_t> log_of(const std::string& revision) {
    LogOptions options;
    options.from = revision;
    std::vector<std::uint64_t> numbers;
    for (const CheckpointInfo& info : list_log(*open_at_tree(disk), options)) numbers.push_back(info.number);
    return numbers;
  }
  void fold() {
    const auto engine = open_at_tree(disk);
    std::map<std::uint64_t, Record> none;
    FoldLimits limits;
    limits.newest_kept = 2;
    limits.singles_min = 2;
    fold_records(disk, engine->dirs.checkpoints.get(), engine->dirs.tmp.get(), none, limits);
  }
  std::string folded_file() {
    for (const auto& [path, node] : disk.tree("/tree/.metamori/checkpoints"))
      if (path.find('-') != std::string::npos) return kRecords + path;
    return {};
  }

  SimSystem disk;
};

TEST_F(RepairRecords, OneChangedByteIsUndone) {
  const Bytes whole = record(3);
  for (std::size_t at = 0; at < whole.size(); at += 97) {
    Bytes damaged = whole;
    damaged[at] ^= std::byte{0x81};
    put(3, damaged);
    EXPECT_TRUE(mend(disk).remaining.empty());
    EXPECT_EQ(record(3), whole) << at;
  }
}

TEST_F(RepairRecords, AreMadeAgainFromTheirGitObjects) {
  const Bytes whole = record(3);
  const CheckpointId id = open_at_tree(disk)->log->get(3).id();
  Bytes damaged = whole;
  std::fill(damaged.end() - 60, damaged.end(), std::byte{0});  // the tree, which follows from the blob, and the checksum
  put(3, damaged);
  EXPECT_TRUE(mend(disk).remaining.empty());
  const Record made = open_at_tree(disk)->log->get(3);
  EXPECT_EQ(made.kind, RecordKind::checkpoint);
  EXPECT_EQ(made.id(), id);
  EXPECT_EQ(made.line, "main");
  EXPECT_EQ(made.parents.front().number, 2U);
  EXPECT_EQ(log_of("HEAD"), (std::vector<std::uint64_t>{6, 5, 4, 3, 2, 1}));
  EXPECT_EQ(made.head_before.number, 2U);
}

TEST_F(RepairRecords, WhatIsLostKeepsItsNumberAndPlaceAndId) {
  const CheckpointId id = open_at_tree(disk)->log->get(3).id();
  add_tag(*open_at_tree(disk), "third", "3", false);
  lose(3);
  EXPECT_EQ(open_at_tree(disk)->log->damaged(), std::vector<std::uint64_t>{3});
  EXPECT_THROW(log_of("HEAD"), Error) << "the log ends where a record is missing";
  EXPECT_THROW(collect_garbage(*open_at_tree(disk), {}), Error);
  const RepairReport report = mend(disk);
  ASSERT_EQ(report.remaining.size(), 1U);
  EXPECT_EQ(report.remaining.front().affects.front().number, 3U);
  EXPECT_EQ(report.remaining.front().affects.front().id, id);
  const auto engine = open_at_tree(disk);
  const Record stub = engine->log->get(3);
  EXPECT_EQ(stub.kind, RecordKind::tombstone);
  EXPECT_EQ(stub.id(), id);
  EXPECT_EQ(log_of("HEAD"), (std::vector<std::uint64_t>{6, 5, 4, 2, 1}));
  EXPECT_EQ(engine->history->resolve("HEAD~3").number, 2U);
  EXPECT_EQ(engine->history->resolve(to_hex(id)).number, 3U);
  EXPECT_EQ(engine->history->resolve("third").number, 3U);
  EXPECT_NO_THROW(engine->history->resolve("@{1 second ago}"));
  EXPECT_TRUE(verify(*engine, {}).ok());
  EXPECT_NO_THROW(collect_garbage(*open_at_tree(disk), {}));
  EXPECT_TRUE(mend(disk).actions.empty());
  EXPECT_THROW(undo_forget(*open_at_tree(disk), false, {}), Error) << "it was not forgotten";
}

TEST_F(RepairRecords, ARecordPutBackOverItsTombstoneCounts) {
  const Bytes whole = record(3);
  lose(3);
  mend(disk);
  put(3, whole);
  EXPECT_TRUE(mend(disk).remaining.empty());
  EXPECT_EQ(log_of("HEAD"), (std::vector<std::uint64_t>{6, 5, 4, 3, 2, 1}));
}

TEST_F(RepairRecords, HeadIsWhereItWasBeforeTheLostOne) {
  put(6, as_bytes(std::string_view("rubbish")));
  EXPECT_THROW(open_at_tree(disk)->log->head(), Error);
  mend(disk);
  EXPECT_EQ(open_at_tree(disk)->log->head().number, 5U);
  take(7);
  EXPECT_EQ(log_of("HEAD"), (std::vector<std::uint64_t>{7, 5, 4, 3, 2, 1}));
}

TEST_F(RepairRecords, NumbersThatAreOnlyNamedAreNotGivenAgain) {
  open_at_tree(disk)->log->summaries();
  add_tag(*open_at_tree(disk), "newest", "6", false);
  disk.remove_tree("/tree/.metamori/cache");
  lose(6);
  lose(5);
  mend(disk);
  const auto engine = open_at_tree(disk);
  EXPECT_EQ(engine->log->highest(), 6U);
  EXPECT_EQ(engine->log->get(5).kind, RecordKind::tombstone);
  EXPECT_EQ(engine->log->head().number, 4U);
}

TEST_F(RepairRecords, SwappedOnesFindTheirPlaces) {
  const Bytes two = record(2);
  const Bytes four = record(4);
  put(2, four);
  put(4, two);
  EXPECT_TRUE(mend(disk).remaining.empty());
  EXPECT_EQ(record(2), two);
  EXPECT_EQ(record(4), four);
}

TEST_F(RepairRecords, AFileOfFoldedOnesIsTakenApart) {
  fold();
  const std::string file = folded_file();
  ASSERT_FALSE(file.empty());
  const Bytes whole = disk.read_file(file);
  std::size_t lost = 0;
  for (std::size_t at = 0; at < whole.size(); at += whole.size() / 25) {
    const auto state = disk.copy();
    Bytes damaged = whole;
    for (std::size_t i = at; i < std::min(whole.size(), at + 12); ++i) damaged[i] = std::byte{0xA5};
    state->write_file(file, ByteView(damaged));
    lost += mend(*state).remaining.size();
    const auto engine = open_at_tree(*state);
    std::size_t sound = 0;
    for (std::uint64_t number = 1; number <= 6; ++number) sound += engine->log->get(number).kind == RecordKind::checkpoint ? 1 : 0;
    EXPECT_GE(sound, 5U) << at;
    EXPECT_TRUE(verify(*engine, {}).ok()) << at;
    EXPECT_NO_THROW(collect_garbage(*engine, {})) << at;
  }
  EXPECT_LT(lost, 25U);
  const auto state = disk.copy();
  state->remove_file(AT_FDCWD, file.c_str());
  EXPECT_EQ(mend(*state).remaining.size(), 4U);
  EXPECT_EQ(open_at_tree(*state)->log->get(4).kind, RecordKind::tombstone);
}

TEST_F(RepairRecords, ADamagedTombstoneOverAFoldedRecordGivesWhatWasFolded) {
  fold();
  ForgetOptions options;
  options.revisions = {"2"};
  forget(*open_at_tree(disk), options);
  put(2, as_bytes(std::string_view("rubbish")));
  EXPECT_TRUE(mend(disk).remaining.empty());
  EXPECT_EQ(open_at_tree(disk)->log->get(2).kind, RecordKind::checkpoint);
}

}  // namespace
}  // namespace metamori::test
