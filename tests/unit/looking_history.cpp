// The log of some paths, lines of descent, and what a log costs.

#include "tests/unit/looking_support.hpp"

namespace metamori::test {
namespace {

TEST_F(Looking, APathIsFollowedThroughItsMoves) {
  disk.make_directories("/tree/d");
  write("a", "content");
  write("d/other", "x");
  take("one");
  move("a", "b");
  take("two: moved");
  write("b", "changed content");
  take("three: changed");
  move("b", "d/c");
  take("four: moved into d");
  move("d", "e");
  take("five: moved with its directory");
  write("unrelated", "1");
  take("six");
  EXPECT_EQ(changes_of("e/c"), "5R d/c -> e/c\n4R b -> d/c\n3M b\n2R a -> b\n1A a\n");
  EXPECT_EQ(numbers(with([&](LogOptions& o) { o.paths = {"e/c"}; })), (Numbers{5, 4, 3, 2, 1}));
  EXPECT_EQ(changes_of("a"), "2D a\n1A a\n");
  EXPECT_EQ(changes_of("e"), "5R d -> e\n4M d\n1A d\n");
  EXPECT_EQ(changes_of("e/c", [](LogOptions& o) { o.follow = false; }), "5A e/c\n");
  EXPECT_EQ(changes_of("e/c", [](LogOptions& o) { o.from = "3.."; }), "5R d/c -> e/c\n4R b -> d/c\n");
  EXPECT_EQ(changes_of("e/c", [](LogOptions& o) { o.limit = 1; }), "5R d/c -> e/c\n");
  // Left out by its message, and yet the way back leads through it.
  EXPECT_EQ(changes_of("e/c", [](LogOptions& o) { o.until_seconds = 1; }), "");
}

TEST_F(Looking, WhatIsReplacedByAMoveIsNotFollowedElsewhere) {
  write("restart", "one");
  take("one");
  move("restart", "old");
  write("restart", "two");
  take("two");
  move("restart", "old");
  write("restart", "three");
  take("three");
  EXPECT_EQ(changes_of("old"), "3M old\n2A old\n");
  EXPECT_EQ(changes_of("restart"), "3M restart\n2M restart\n1A restart\n");
}

TEST_F(Looking, EachBranchHasItsOwnNames) {
  write("a", "content");
  take("one");
  move("a", "b");
  take("two, on main");
  const auto go_back = [&] {
    RestoreOptions options;
    options.revision = "1";
    options.remove_extra = true;
    options.control.jobs = 1;
    restore_checkpoint(*open_at_tree(disk), options);
  };
  go_back();
  move("a", "c");
  const std::uint64_t branch = take("on a branch").number;
  EXPECT_EQ(changes_of("c"), std::to_string(branch) + "R a -> c\n1A a\n");
  EXPECT_EQ(changes_of("b", [](LogOptions& o) { o.from = "main"; }), "2R a -> b\n1A a\n");
}

TEST_F(Looking, WhatListsAllPassesOverARecordThatWasDamagedInItsPlace) {
  for (const char* content : {"1", "2", "3", "4"}) {
    write("a", content);
    take(content);
  }
  disk.advance_clock(10'000'000'000);
  LogOptions all;
  all.all = true;
  ASSERT_EQ(numbers(all), (Numbers{4, 3, 2, 1}));  // and the cache knows them
  const int fd = disk.open_at(AT_FDCWD, "/tree/.metamori/checkpoints/2", O_RDWR, 0);
  ASSERT_EQ(disk.write_at(fd, to_bytes("damaged"), 100), 7);
  disk.close(fd);
  EXPECT_EQ(numbers(all), (Numbers{4, 3, 1}));
  EXPECT_EQ(stats(*open_at_tree(disk), {}).damaged, Numbers{2});
  FindOptions pattern;
  pattern.patterns = {"a"};
  EXPECT_EQ(find(*open_at_tree(disk), pattern).damaged, Numbers{2});
  all.ancestry = true;
  EXPECT_EQ(ancestors(all), "4:3 3: 1: ");
}

TEST_F(Looking, AncestorsAreTheNearestListed) {
  for (const char* content : {"1", "2", "3"}) {
    write("a", content);
    write(std::string("f") + content, content);
    take(content);
  }
  LogOptions options;
  options.ancestry = true;
  EXPECT_EQ(ancestors(options), "3:2 2:1 1: ");
  options.limit = 2;
  EXPECT_EQ(ancestors(options), "3:2 2:1 ");
  options.paths = {"f1", "f3"};
  EXPECT_EQ(ancestors(options), "3:1 1: ");
  options.paths = {"f3"};
  options.limit = 0;
  EXPECT_EQ(ancestors(options), "3: ");
}

TEST_F(Looking, AVisitorCanStopTheLog) {
  for (const char* content : {"1", "2", "3"}) {
    write("a", content);
    take(content);
  }
  Numbers seen;
  visit_log(*open_at_tree(disk), {}, [&](const LogEntry& entry) {
    seen.push_back(entry.checkpoint.number);
    return seen.size() < 2;
  });
  EXPECT_EQ(seen, (Numbers{3, 2}));
}

/// However long the history is.
TEST_F(Looking, ALimitedLogReadsOnlyWhatItLists) {
  write("a", "0");
  constexpr int kCount = 60;
  for (int i = 0; i < kCount; ++i) {
    write("a", std::to_string(i));
    take("step");
  }
  disk.advance_clock(10'000'000'000);
  LogOptions options;
  options.limit = 5;
  numbers(options);  // what is derived is kept now
  FaultSystem counter(disk);
  EXPECT_EQ(list_log(*open_at_tree(counter), options).size(), 5U);
  EXPECT_LE(counter.count(Call::open_at), 30U);
  // A few records more than the cache holds: the first look keeps them for the next.
  take("one more");
  disk.advance_clock(10'000'000'000);
  numbers(options);
  FaultSystem again(disk);
  EXPECT_EQ(list_log(*open_at_tree(again), options).size(), 5U);
  EXPECT_LE(again.count(Call::read_directory), 2U);  // of the tags alone
}

}  // namespace
}  // namespace metamori::test
