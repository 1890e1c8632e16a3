// P4, P15: records that were damaged where they stand, after they were summed up, and names that only they can tell.

#include <gtest/gtest.h>

#include "tests/support/fault_system.hpp"
#include "tests/unit/history_support.hpp"

namespace metamori::test {
namespace {

using Numbers = std::vector<std::uint64_t>;

/// Five checkpoints on a line, an hour apart, the last but one a safety checkpoint.
class DamagedRecords : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* message : {"one\n", "two\n", "three\n"}) repository.add(message, kNoon + kHour * static_cast<int>(++count));
    Wanted wanted;
    wanted.kind = RecordKind::safety;
    wanted.parents = {repository.log.head()};
    wanted.seconds = kNoon + 4 * kHour;
    repository.add(wanted);
    repository.add("five\n", kNoon + 5 * kHour);
  }
  /// In its place: its inode stays, and so do the directory's times.
  void damage(std::uint64_t number) {
    std::fstream file(repository.dir / ("checkpoints/" + std::to_string(number)), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(100);
    file.put('\xff');
    ASSERT_TRUE(file.flush());
  }
  static Numbers numbers(RecordLog& log) {
    Numbers result;
    for (const RecordSummary& summary : log.summaries()) result.push_back(summary.number);
    return result;
  }
  std::optional<ErrorKind> kind(const std::string& revision) {
    RecordLog log(real_system(), repository.dirs);
    History history(log);
    return error_kind([&] { history.resolve(revision); });
  }

  static constexpr std::int64_t kNoon = 1'700'000'000;
  static constexpr std::int64_t kHour = 3600;
  std::size_t count = 0;
  TestRepository repository;
};

TEST_F(DamagedRecords, AreFoundBehindTheirSummaries) {
  ASSERT_EQ(repository.log.summaries().size(), 5U);
  damage(3);
  EXPECT_EQ(numbers(repository.log), (Numbers{1, 2, 3, 4, 5})) << "nothing tells that it changed";
  EXPECT_EQ(repository.log.damaged(), Numbers{3});
  EXPECT_EQ(numbers(repository.log), (Numbers{1, 2, 4, 5}));
  EXPECT_EQ(repository.log.damaged(), Numbers{3});
  std::filesystem::remove(repository.dir / "checkpoints/2");
  EXPECT_EQ(repository.log.damaged(), (Numbers{2, 3}));
}

/// Those who look at all records may be at it for seconds, beside checkpoints.
TEST_F(DamagedRecords, WhatIsPublishedMeanwhileIsNotTakenForDamage) {
  FaultSystem watched(real_system());
  RecordLog log(watched, repository.dirs);
  log.summaries();
  watched.on_before([&, is_added = false](const CallInfo& info) mutable {
    if (is_added || info.name != "3") return;
    is_added = true;
    repository.add("six\n", kNoon + 6 * kHour);
    repository.add("seven\n", kNoon + 7 * kHour);
    damage(7);
  });
  EXPECT_EQ(log.damaged(), Numbers{7});
  EXPECT_EQ(numbers(log), (Numbers{1, 2, 3, 4, 5, 6}));
}

TEST_F(DamagedRecords, SummariesStayWhereTheyAreWhileNothingChanges) {
  const RecordSummary* const first = repository.log.summaries().data();
  EXPECT_EQ(repository.log.summaries().data(), first) << "the directory's times are too fresh to be trusted, and yet nothing changed";
  damage(3);
  repository.log.damaged();
  const RecordSummary* const left = repository.log.summaries().data();
  EXPECT_EQ(repository.log.summaries().data(), left);
}

TEST_F(DamagedRecords, NewerThanWhatIsNamedMakeTheNameUnknown) {
  repository.log.head();
  damage(5);
  for (const char* revision : {"latest", "main", "@undo", "@{0}", "@{1}", "main@{0}", ":/one", "@{now}"})
    EXPECT_EQ(kind(revision), ErrorKind::corrupt) << revision;
  for (const char* revision : {"3", "4", "3~1", "main@{2023-11-15 00:00}"}) EXPECT_EQ(kind(revision), std::nullopt) << revision;
}

TEST_F(DamagedRecords, OlderThanWhatIsNamedDoNotMatter) {
  damage(2);
  for (const char* revision : {"latest", "main", "@undo", "@{0}", "main@{0}", ":/three", "HEAD", "@{now}"})
    EXPECT_EQ(kind(revision), std::nullopt) << revision;
  EXPECT_EQ(kind(":/one"), ErrorKind::corrupt) << "record 2 could have that message, too";
}

}  // namespace
}  // namespace metamori::test
