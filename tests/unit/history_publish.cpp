#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "tests/support/rapidcheck_gtest.hpp"
#include "tests/unit/history_support.hpp"

// Many writers, one sequence.

namespace metamori::test {
namespace {

RepositoryDirs own_dirs(TestRepository& repository) {
  RepositoryDirs dirs;
  dirs.top = repository.open(".");
  dirs.checkpoints = repository.open("checkpoints");
  dirs.tmp = repository.open("tmp");
  dirs.refs = repository.open("refs");
  dirs.cache = repository.open("cache");
  return dirs;
}

/// Publishes `count` records, each on top of what is there; returns how often a number was taken.
int write_records(RecordLog& log, int writer, int count) {
  int taken = 0;
  for (int i = 0; i < count;) {
    Wanted wanted;
    wanted.message = "writer " + std::to_string(writer) + " record " + std::to_string(i) + "\n";
    const std::uint64_t top = log.highest();
    const Position head = log.head();
    if (head.number > top) {  // somebody was faster between the two looks
      ++taken;
      continue;
    }
    if (head.number != 0) wanted.parents = {head};
    if (log.publish(make_record(top + 1, wanted, head))) {
      ++i;
    } else {
      ++taken;
    }
  }
  return taken;
}

void expect_all_there(TestRepository& repository, int writers, int count) {
  RecordLog log(real_system(), repository.dirs);
  ASSERT_EQ(log.highest(), static_cast<std::uint64_t>(writers * count));
  std::map<std::string, int> messages;
  for (std::uint64_t number = 1; number <= log.highest(); ++number) {
    const Record record = log.get(number);
    ++messages[decode_commit(record.commit, "test").message];
    // One sequence: each record stands on the one before.
    if (number > 1) {
      EXPECT_EQ(record.parents.front().number, number - 1);
    }
  }
  EXPECT_EQ(messages.size(), static_cast<std::size_t>(writers * count));
  EXPECT_EQ(log.summaries().size(), static_cast<std::size_t>(writers * count));
  EXPECT_TRUE(std::filesystem::is_empty(repository.dir.path() / "tmp"));
}

TEST(ConcurrentPublish, ExactlyOneOfManyThreadsWinsEachNumber) {
  TestRepository repository;
  const int writers = 6;
  const int numbers = 20 * test_scale();
  std::vector<std::atomic<int>> winners(static_cast<std::size_t>(numbers));
  std::vector<std::thread> threads;
  for (int writer = 0; writer < writers; ++writer)
    threads.emplace_back([&, writer] {
      const RepositoryDirs dirs = own_dirs(repository);
      RecordLog log(real_system(), dirs);
      for (int number = 1; number <= numbers; ++number) {
        Wanted wanted;
        wanted.message = "writer " + std::to_string(writer) + "\n";
        if (log.publish(make_record(static_cast<std::uint64_t>(number), wanted, {}))) ++winners[static_cast<std::size_t>(number - 1)];
      }
    });
  for (std::thread& thread : threads) thread.join();
  for (const auto& count : winners) EXPECT_EQ(count, 1);
  EXPECT_EQ(repository.log.highest(), static_cast<std::uint64_t>(numbers));
}

TEST(ConcurrentPublish, ThreadsMakeOneSequence) {
  TestRepository repository;
  const int count = 15 * test_scale();
  std::atomic<int> failures = 0;
  std::vector<std::thread> threads;
  for (int writer = 0; writer < 4; ++writer)
    threads.emplace_back([&, writer] {
      try {
        const RepositoryDirs dirs = own_dirs(repository);
        RecordLog log(real_system(), dirs);
        write_records(log, writer, count);
        if (log.summaries().empty()) ++failures;
      } catch (const Error&) {
        ++failures;
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  expect_all_there(repository, 4, count);
}

TEST(ConcurrentPublish, ProcessesMakeOneSequence) {
  TestRepository repository;
  const int count = 15 * test_scale();
  std::vector<pid_t> children;
  for (int writer = 0; writer < 4; ++writer) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      int code = 0;
      try {
        const RepositoryDirs dirs = own_dirs(repository);
        RecordLog log(real_system(), dirs);
        write_records(log, writer, count);
      } catch (...) {
        code = 1;
      }
      ::_exit(code);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  expect_all_there(repository, 4, count);
}

}  // namespace
}  // namespace metamori::test
