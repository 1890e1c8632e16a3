#include <gtest/gtest.h>

#include <set>

#include "tests/unit/history_support.hpp"

namespace metamori::test {
namespace {

TEST(RecordLog, AnEmptyOneHasNothing) {
  TestRepository repository;
  EXPECT_EQ(repository.log.highest(), 0U);
  EXPECT_EQ(repository.log.head(), Position{});
  EXPECT_TRUE(repository.log.summaries().empty());
  EXPECT_TRUE(repository.log.lines().empty());
  EXPECT_TRUE(repository.log.tags().empty());
  EXPECT_TRUE(repository.log.pins().empty());
  EXPECT_EQ(repository.log.gc_generation(), 0U);
  EXPECT_EQ(error_kind([&] { repository.log.get(1); }), ErrorKind::bad_revision);
}

TEST(RecordLog, PublishedRecordsAreThereForEveryone) {
  TestRepository repository;
  const Position first = repository.add("one");
  const Position second = repository.add("two");
  RecordLog fresh(real_system(), repository.dirs);
  for (RecordLog* log : {&repository.log, &fresh}) {
    EXPECT_EQ(log->highest(), 2U);
    EXPECT_EQ(log->head(), second);
    EXPECT_EQ(log->get(1).id(), first.id);
    EXPECT_EQ(log->summaries().size(), 2U);
    EXPECT_EQ(log->summaries()[1].parents, (std::vector<Position>{first}));
    EXPECT_EQ(log->lines(), (std::vector<std::pair<std::string, Position>>{{"main", second}}));
  }
  EXPECT_TRUE(std::filesystem::is_empty(repository.dir.path() / "tmp"));
}

TEST(RecordLog, ATakenNumberIsNotPublished) {
  TestRepository repository;
  RecordLog other(real_system(), repository.dirs);
  EXPECT_EQ(other.highest(), 0U);
  const Position winner = repository.add("winner");
  Wanted loser;
  loser.message = "loser\n";
  EXPECT_FALSE(other.publish(make_record(1, loser, {})));
  EXPECT_EQ(other.get(1).id(), winner.id);
  EXPECT_EQ(other.highest(), 1U);
  EXPECT_FALSE(other.publish(make_record(1, loser, {})));
  EXPECT_TRUE(std::filesystem::is_empty(repository.dir.path() / "tmp"));
}

TEST(RecordLog, WhatCouldNotBeReadBackIsNotPublished) {
  TestRepository repository;
  Record record = make_record(1, {}, {});
  record.tree.clear();
  EXPECT_EQ(error_kind([&] { repository.log.publish(record); }), ErrorKind::corrupt);
  EXPECT_EQ(repository.log.highest(), 0U);
  EXPECT_TRUE(std::filesystem::is_empty(repository.dir.path() / "tmp"));
}

TEST(RecordLog, ARecordUnderAnotherNumberIsCorrupt) {
  TestRepository repository;
  repository.add("one");
  repository.write("checkpoints/2", repository.read("checkpoints/1"));
  EXPECT_EQ(error_kind([&] { repository.log.get(2); }), ErrorKind::corrupt);
}

TEST(RecordLog, OddNamesAreNoRecords) {
  TestRepository repository;
  repository.add("one");
  for (const char* name : {"02", "0", "x", "3x", "-5", "18446744073709551616", "2-", "5-4"})
    repository.write(std::string("checkpoints/") + name, "junk");
  std::filesystem::remove(repository.dir / "cache/latest");
  RecordLog log(real_system(), repository.dirs);
  EXPECT_EQ(log.highest(), 1U);
  EXPECT_EQ(log.summaries().size(), 1U);
}

TEST(RecordLog, HeadFollowsMovesAndSkipsTombstones) {
  TestRepository repository;
  const Position one = repository.add("one");
  const Position two = repository.add("two");
  EXPECT_EQ(repository.log.head(), two);
  repository.move_to(one);
  EXPECT_EQ(repository.log.head(), one);
  const Position four = repository.add("four");
  EXPECT_EQ(repository.log.head(), four);
  repository.forget(four);
  EXPECT_EQ(repository.log.head(), one);
}

TEST(RecordLog, SafetyCheckpointsMoveNothing) {
  TestRepository repository;
  const Position one = repository.add("one");
  Wanted wanted;
  wanted.kind = RecordKind::safety;
  wanted.parents = {one};
  repository.add(wanted);
  EXPECT_EQ(repository.log.head(), one);
  EXPECT_EQ(repository.log.lines().front().second, one);
}

TEST(RecordLog, LinesEndAtTheirNewestCheckpointThatIsThere) {
  TestRepository repository;
  const Position one = repository.add("one");
  const Position two = repository.add("two");
  Wanted branch;
  branch.parents = {one};
  branch.line = "main-3";
  const Position three = repository.add(branch);
  EXPECT_EQ(repository.log.lines(), (std::vector<std::pair<std::string, Position>>{{"main", two}, {"main-3", three}}));
  EXPECT_EQ(repository.log.line_ending_at(three), "main-3");
  EXPECT_EQ(repository.log.line_ending_at(two), "main");
  EXPECT_EQ(repository.log.line_ending_at(one), std::nullopt);
  EXPECT_EQ(repository.log.line_ending_at({}), std::nullopt);
  EXPECT_EQ(repository.log.line_ending_at({three.number, one.id}), std::nullopt);
  repository.forget(two);
  EXPECT_EQ(repository.log.lines().front().second, one);
  EXPECT_EQ(repository.log.line_ending_at(one), "main");
}

TEST(RecordLog, TheNewestCheckpointsLineIsFoundWithoutSummaries) {
  TestRepository repository;
  const Position one = repository.add("one");
  repository.move_to(one);
  EXPECT_EQ(repository.log.line_ending_at(one), "main");
  EXPECT_FALSE(repository.has("cache/history"));
}

TEST(RecordLog, ForgettingKeepsNumberAndIdAndComesBack) {
  TestRepository repository;
  const Position one = repository.add("one");
  const Record kept = repository.log.get(1);
  EXPECT_EQ(repository.log.summaries().front().kind, RecordKind::checkpoint);
  RecordLog other(real_system(), repository.dirs);
  EXPECT_EQ(other.summaries().front().kind, RecordKind::checkpoint);
  repository.forget(one);
  for (RecordLog* log : {&repository.log, &other}) {
    EXPECT_EQ(log->get(1).kind, RecordKind::tombstone);
    EXPECT_EQ(log->get(1).id(), one.id);
    EXPECT_EQ(log->summaries().front().kind, RecordKind::tombstone);
    EXPECT_EQ(log->summaries().front().line, "main");
  }
  repository.log.replace(kept);
  for (RecordLog* log : {&repository.log, &other}) EXPECT_EQ(log->summaries().front().kind, RecordKind::checkpoint);
}

TEST(RecordLog, OnlyItsOwnTombstoneReplacesARecord) {
  TestRepository repository;
  repository.add("one");
  repository.add("two");
  Record record = repository.log.get(1);
  record.kind = RecordKind::tombstone;
  record.number = 2;
  EXPECT_EQ(error_kind([&] { repository.log.replace(record); }), ErrorKind::refused);
  record.number = 3;
  EXPECT_EQ(error_kind([&] { repository.log.replace(record); }), ErrorKind::bad_revision);
  EXPECT_EQ(repository.log.get(2).kind, RecordKind::checkpoint);
}

TEST(RecordLog, TombstonesKnowTheirParents) {
  TestRepository repository;
  const Position one = repository.add("one");
  const Position two = repository.add("two");
  repository.forget(two);
  EXPECT_EQ(repository.log.summaries()[1].parents, (std::vector<Position>{one}));
  RecordLog fresh(real_system(), repository.dirs);
  EXPECT_EQ(fresh.summaries()[1].parents, (std::vector<Position>{one}));
}

TEST(RecordLog, ADamagedRecordHidesOnlyItself) {
  TestRepository repository;
  for (int i = 0; i < 5; ++i) repository.add("c");
  std::string bytes = repository.read("checkpoints/3");
  bytes[100] = static_cast<char>(bytes[100] ^ 1);
  std::filesystem::remove(repository.dir / "checkpoints/3");
  repository.write("checkpoints/3", bytes);
  EXPECT_EQ(error_kind([&] { repository.log.get(3); }), ErrorKind::corrupt);
  std::set<std::uint64_t> numbers;
  for (const RecordSummary& record : repository.log.summaries()) numbers.insert(record.number);
  EXPECT_EQ(numbers, (std::set<std::uint64_t>{1, 2, 4, 5}));
  EXPECT_EQ(repository.log.head().number, 5U);
}

Bytes folded(const std::vector<std::pair<std::uint64_t, std::string>>& records) {
  ByteWriter out;
  out.raw(as_bytes(std::string_view("MMFOLD1\0", 8)));
  out.u32(static_cast<std::uint32_t>(records.size()));
  out.u32(0);
  std::uint64_t offset = 16 + 24 * records.size();
  for (const auto& [number, bytes] : records) {
    out.u64(number);
    out.u64(offset);
    out.u64(bytes.size());
    offset += bytes.size();
  }
  for (const auto& [number, bytes] : records) out.raw(as_bytes(bytes));
  out.id(sha256(out.view()));
  return out.take();
}

TEST(RecordLog, FoldedRecordsAreFound) {
  TestRepository repository;
  for (int i = 0; i < 5; ++i) repository.add("c" + std::to_string(i));
  EXPECT_EQ(repository.log.summaries().size(), 5U);
  const CheckpointId second = repository.log.get(2).id();
  std::vector<std::pair<std::uint64_t, std::string>> records;
  for (std::uint64_t i = 1; i <= 3; ++i) records.emplace_back(i, repository.read("checkpoints/" + std::to_string(i)));
  repository.write("checkpoints/1-3", std::string(as_text(folded(records))));
  for (std::uint64_t i = 1; i <= 3; ++i) std::filesystem::remove(repository.dir / ("checkpoints/" + std::to_string(i)));
  RecordLog fresh(real_system(), repository.dirs);
  for (RecordLog* log : {&repository.log, &fresh}) {
    EXPECT_EQ(log->highest(), 5U);
    EXPECT_EQ(log->get(2).id(), second);
    EXPECT_EQ(log->summaries().size(), 5U);
  }
  EXPECT_FALSE(fresh.publish(make_record(2, {}, {})));
  // A single record, such as a tombstone, outweighs the folded one.
  repository.forget({2, second});
  EXPECT_EQ(fresh.get(2).kind, RecordKind::tombstone);
  EXPECT_EQ(fresh.summaries()[1].kind, RecordKind::tombstone);
  EXPECT_EQ(fresh.summaries().size(), 5U);
}

TEST(RecordLog, EvenTheHighestMayBeFolded) {
  TestRepository repository;
  repository.add("one");
  const Position two = repository.add("two");
  repository.write("checkpoints/1-2",
                   std::string(as_text(folded({{1, repository.read("checkpoints/1")}, {2, repository.read("checkpoints/2")}}))));
  for (const char* name : {"checkpoints/1", "checkpoints/2"}) std::filesystem::remove(repository.dir / name);
  RecordLog fresh(real_system(), repository.dirs);
  EXPECT_EQ(fresh.highest(), 2U);
  EXPECT_EQ(fresh.head(), two);
  EXPECT_FALSE(fresh.publish(make_record(2, {}, {})));
}

TEST(RecordLog, ADamagedFoldedFileIsCorruptAndHidesOnlyItsOwn) {
  TestRepository repository;
  repository.add("one");
  repository.add("two");
  std::string bytes(as_text(folded({{1, repository.read("checkpoints/1")}})));
  std::filesystem::remove(repository.dir / "checkpoints/1");
  for (const std::size_t at : {0UL, 8UL, 12UL, 16UL, 24UL, 32UL, 60UL}) {
    std::string bad = bytes;
    bad[at] = static_cast<char>(bad[at] ^ 0x7f);
    std::filesystem::remove(repository.dir / "checkpoints/1-1");
    repository.write("checkpoints/1-1", bad);
    RecordLog fresh(real_system(), repository.dirs);
    EXPECT_TRUE(error_kind([&] { fresh.get(1); })) << at;
    EXPECT_EQ(fresh.highest(), 2U);
    EXPECT_EQ(fresh.summaries().size(), 1U);
  }
}

TEST(RecordLog, TheGenerationIsANumber) {
  TestRepository repository;
  repository.write("generation", "17\n");
  EXPECT_EQ(repository.log.gc_generation(), 17U);
  for (const char* bad : {"", "x", "17x", "-1"}) {
    repository.write("generation", bad);
    EXPECT_EQ(error_kind([&] { repository.log.gc_generation(); }), ErrorKind::corrupt) << bad;
  }
}

}  // namespace
}  // namespace metamori::test
