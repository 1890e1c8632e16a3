#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "objects/record_log_cache.hpp"
#include "tests/unit/history_support.hpp"

// `cache/latest` and `cache/history`: right when there, missing, stale or damaged.

namespace metamori::test {
namespace {

TEST(RecordLogCache, TheHintIsWrittenAndRead) {
  TestRepository repository;
  repository.add("one");
  repository.add("two");
  const auto hint = decode_latest(to_bytes(repository.read("cache/latest")));
  ASSERT_TRUE(hint);
  EXPECT_EQ(hint->number, 2U);
}

TEST(RecordLogCache, AStaleHintIsNotBelieved) {
  TestRepository repository;
  repository.add("one");
  const std::string old_hint = repository.read("cache/latest");
  for (int i = 0; i < 4; ++i) repository.add("more");
  repository.write("cache/latest", old_hint);
  EXPECT_EQ(RecordLog(real_system(), repository.dirs).highest(), 5U);
  // Also when damage left a gap right after it.
  repository.write("cache/latest", old_hint);
  std::filesystem::remove(repository.dir / "checkpoints/2");
  EXPECT_EQ(RecordLog(real_system(), repository.dirs).highest(), 5U);
}

TEST(RecordLogCache, AHintBeyondTheTruthIsNotBelieved) {
  TestRepository repository;
  repository.add("one");
  auto hint = decode_latest(to_bytes(repository.read("cache/latest")));
  hint->number = 9;
  repository.write("cache/latest", std::string(as_text(encode_latest(*hint))));
  RecordLog log(real_system(), repository.dirs);
  EXPECT_EQ(log.highest(), 1U);
}

TEST(RecordLogCache, EveryFlippedByteOfAHintIsRejected) {
  const Bytes bytes = encode_latest({7, {1, 2, {3, 4}, {5, 6}}});
  ASSERT_EQ(decode_latest(bytes), (LatestHint{7, {1, 2, {3, 4}, {5, 6}}}));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    Bytes damaged = bytes;
    damaged[i] ^= std::byte{4};
    EXPECT_FALSE(decode_latest(damaged));
    EXPECT_FALSE(decode_latest(ByteView(bytes).first(i)));
  }
}

void expect_same(const std::vector<RecordSummary>& a, const std::vector<RecordSummary>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].number, b[i].number);
    EXPECT_EQ(a[i].kind, b[i].kind);
    EXPECT_EQ(a[i].id, b[i].id);
    EXPECT_EQ(a[i].parents, b[i].parents);
    EXPECT_EQ(a[i].head_after, b[i].head_after);
    EXPECT_EQ(a[i].line, b[i].line);
    EXPECT_EQ(a[i].tags, b[i].tags);
    EXPECT_EQ(a[i].time_seconds, b[i].time_seconds);
  }
}

void fill(TestRepository& repository) {
  const Position one = repository.add("one");
  Wanted wanted;
  wanted.parents = {one};
  wanted.line = "main-2";
  wanted.tags = {"a", "b"};
  const Position two = repository.add(wanted);
  wanted.kind = RecordKind::safety;
  wanted.tags = {};
  repository.add(wanted);
  repository.move_to(one);
  repository.forget(repository.add("five"));
  wanted.kind = RecordKind::checkpoint;
  wanted.parents = {one, two};
  wanted.moves_head = false;
  repository.add(wanted);
}

TEST(RecordLogCache, SummariesFromTheCacheAreTheSame) {
  TestRepository repository;
  fill(repository);
  const std::vector<RecordSummary> wanted = RecordLog(real_system(), repository.dirs).summaries();
  ASSERT_EQ(wanted.size(), 6U);
  const auto cached = decode_history(to_bytes(repository.read("cache/history")));
  ASSERT_TRUE(cached);
  expect_same(cached->summaries, wanted);
  expect_same(RecordLog(real_system(), repository.dirs).summaries(), wanted);
}

TEST(RecordLogCache, ADamagedCacheIsBuiltAgain) {
  TestRepository repository;
  fill(repository);
  const std::vector<RecordSummary> wanted = RecordLog(real_system(), repository.dirs).summaries();
  const std::string bytes = repository.read("cache/history");
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    ASSERT_FALSE(decode_history(as_bytes(damaged))) << i;
    ASSERT_FALSE(decode_history(as_bytes(bytes.substr(0, i)))) << i;
  }
  repository.write("cache/history", "junk");
  expect_same(RecordLog(real_system(), repository.dirs).summaries(), wanted);
  EXPECT_TRUE(decode_history(to_bytes(repository.read("cache/history"))));
}

TEST(RecordLogCache, ATombstoneBehindASettledCacheIsNoticed) {
  TestRepository repository;
  fill(repository);
  std::this_thread::sleep_for(std::chrono::milliseconds(40));  // longer than a tick of the file system's clock
  EXPECT_EQ(RecordLog(real_system(), repository.dirs).summaries().front().kind, RecordKind::checkpoint);
  const std::string old_cache = repository.read("cache/history");
  ASSERT_TRUE(decode_history(as_bytes(old_cache))->settled);
  repository.forget({1, repository.log.get(1).id()});
  EXPECT_EQ(decode_replaced(to_bytes(repository.read("cache/replaced")))->numbers.back(), 1U);
  repository.write("cache/history", old_cache);  // as a reader that was slow would
  EXPECT_EQ(RecordLog(real_system(), repository.dirs).summaries().front().kind, RecordKind::tombstone);
}

TEST(RecordLogCache, AFreshCacheIsNotTrustedWithinItsTick) {
  TestRepository repository;
  repository.add("one");
  RecordLog log(real_system(), repository.dirs);
  EXPECT_EQ(log.summaries().size(), 1U);
  for (int i = 0; i < 50; ++i) {
    repository.add("more");
    ASSERT_EQ(log.summaries().size(), static_cast<std::size_t>(2 + i));
    ASSERT_EQ(RecordLog(real_system(), repository.dirs).summaries().size(), static_cast<std::size_t>(2 + i));
  }
}

TEST(RecordLogCache, NothingIsNeededOfIt) {
  TestRepository repository(false);
  fill(repository);
  RecordLog log(real_system(), repository.dirs);
  EXPECT_EQ(log.highest(), 6U);
  EXPECT_EQ(log.summaries().size(), 6U);
  EXPECT_TRUE(std::filesystem::is_empty(repository.dir.path() / "cache"));
}

TEST(RecordLogCache, WithoutTheListOfReplacementsEverythingIsReadAgain) {
  TestRepository repository;
  fill(repository);
  const std::vector<RecordSummary> wanted = RecordLog(real_system(), repository.dirs).summaries();
  for (const char* content : {"junk", ""}) {
    repository.write("cache/replaced", content);
    expect_same(RecordLog(real_system(), repository.dirs).summaries(), wanted);
    repository.log.replace(repository.log.get(1));
    EXPECT_TRUE(decode_replaced(to_bytes(repository.read("cache/replaced"))));
  }
}

/// The real system, but for a repository that can't be written.
class ReadOnlyRepository {
 public:
  explicit ReadOnlyRepository(TestRepository& repository) {
    dirs.top = repository.open(".");
    dirs.checkpoints = repository.open("checkpoints");
    dirs.refs = repository.open("refs");
  }
  RepositoryDirs dirs;
};

TEST(RecordLogCache, AReadOnlyRepositoryCanBeRead) {
  TestRepository repository;
  fill(repository);
  repository.log.set_tag("named", {1, repository.log.get(1).id()});
  std::filesystem::remove_all(repository.dir.path() / "cache");
  ReadOnlyRepository view(repository);
  RecordLog log(real_system(), view.dirs);
  History history(log);
  EXPECT_EQ(log.highest(), 6U);
  EXPECT_EQ(history.resolve("named").number, 1U);
  EXPECT_EQ(history.walk({history.resolve("6")}, 10).size(), 3U);
  EXPECT_FALSE(repository.has("cache"));
}

}  // namespace
}  // namespace metamori::test
