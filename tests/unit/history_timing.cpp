#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/unit/history_support.hpp"

// Prints what calls cost in a long history. Asked for by METAMORI_TEST_TIMING=<number of checkpoints>; asserts nothing about time.

namespace metamori::test {
namespace {

template <class Work>
void time_it(const std::string& name, Work work) {
  const std::int64_t start = real_system().monotonic_ns();
  work();
  std::printf("%-34s %9.1f us\n", name.c_str(), static_cast<double>(real_system().monotonic_ns() - start) / 1000);
}

TEST(HistoryTiming, OfALongHistory) {
  const char* const text = std::getenv("METAMORI_TEST_TIMING");
  if (text == nullptr) GTEST_SKIP() << "METAMORI_TEST_TIMING is not set";
  const int count = std::atoi(text);
  TestRepository repository;
  const std::int64_t now = real_system().now().seconds;
  for (int i = 0; i < count; ++i) {
    if (i % 1000 == 999)
      time_it("publish number " + std::to_string(i + 1), [&] { repository.add("step " + std::to_string(i), now - count + i); });
    else
      repository.add("step " + std::to_string(i), now - count + i);
  }
  repository.log.set_tag("half", {static_cast<std::uint64_t>(count / 2), repository.log.get(static_cast<std::uint64_t>(count / 2)).id()});
  const std::string prefix = to_hex(repository.log.get(static_cast<std::uint64_t>(count / 3)).id()).substr(0, 10);
  std::filesystem::remove(repository.dir / "cache/history");
  for (const char* round : {"nothing cached: ", "cached: ", "settled: "}) {
    RecordLog log(real_system(), repository.dirs);
    time_it(std::string(round) + "highest", [&] { log.highest(); });
    time_it(std::string(round) + "head", [&] { log.head(); });
    time_it(std::string(round) + "summaries", [&] { log.summaries(); });
    time_it(std::string(round) + "summaries again", [&] { log.summaries(); });
    real_system().sleep_ns(50'000'000);
  }
  for (const std::string& revision :
       {std::string("HEAD"), std::string("17"), std::string("latest"), std::string("HEAD~2"), std::string("HEAD~1000"), std::string("half"),
        std::string("half~2"), std::string("main"), prefix, std::string("@undo"), std::string("@{1}"), std::string("@{2 hours ago}"),
        std::string("@{30 minutes ago}"), std::string("@{2026-11-20 01:40}"), std::string(":/step " + std::to_string(count - 10)),
        std::string(":/step 1$"), std::string(":/nowhere"), std::string("unknown")}) {
    RecordLog log(real_system(), repository.dirs);
    History history(log);
    time_it("resolve " + revision, [&] { error_kind([&] { history.resolve(revision); }); });
    time_it("  again", [&] { error_kind([&] { history.resolve(revision); }); });
  }
  RecordLog log(real_system(), repository.dirs);
  History history(log);
  const Position head = history.resolve("HEAD");
  const Position first = history.resolve("1");
  time_it("walk 20", [&] { history.walk({head}, 20); });
  time_it("walk all", [&] { history.walk({head}, SIZE_MAX); });
  time_it("is_ancestor of the first", [&] { history.is_ancestor(first, head); });
  time_it("short_id", [&] { history.short_id(head.id); });
  time_it("short_id again", [&] { history.short_id(first.id); });
  time_it("tags", [&] { log.tags(); });
  time_it("line_ending_at HEAD", [&] { log.line_ending_at(head); });
}

}  // namespace
}  // namespace metamori::test
