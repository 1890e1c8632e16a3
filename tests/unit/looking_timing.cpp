#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>

#include "tests/support/long_history.hpp"
#include "tests/support/temp_dir.hpp"

// Prints what looking at a long history costs. Asked for by METAMORI_TEST_TIMING=<number of checkpoints>; asserts nothing about time. With
// METAMORI_TEST_KEEP=<directory> the repository is made there and stays, to try the program on it.

namespace metamori::test {
namespace {

using Clock = std::chrono::steady_clock;

template <class Work>
void time_it(const std::string& name, Work work) {
  const auto start = Clock::now();
  work();
  std::printf("%-44s %9.2f ms\n", name.c_str(), std::chrono::duration<double, std::milli>(Clock::now() - start).count());
}

TEST(LookingTiming, OfALongHistory) {
  const char* const text = std::getenv("METAMORI_TEST_TIMING");
  if (text == nullptr) GTEST_SKIP() << "METAMORI_TEST_TIMING is not set";
  const TempDir temporary;
  const char* const kept = std::getenv("METAMORI_TEST_KEEP");
  LongHistoryOptions options;
  options.directory = kept != nullptr ? std::string(kept) : temporary.path().string() + "/tree";
  options.checkpoints = std::strtoull(text, nullptr, 10);
  time_it("make it", [&] { make_long_history(options); });
  const auto log = [&](const std::string& name, const LogOptions& wanted) {
    OpenOptions open;
    open.start_directory = options.directory;
    std::size_t count = 0;
    time_it(name, [&] { count = Repository::open(open).log(wanted).size(); });
    std::printf("    %zu checkpoints\n", count);
  };
  LogOptions newest;
  newest.limit = 20;
  log("log -n 20, first", newest);
  log("log -n 20", newest);
  newest.all = true;
  log("log -n 20 --all", newest);
  log("log", {});
  LogOptions of_path;
  of_path.paths = {"out/old.bin"};
  log("log -- out/old.bin", of_path);
  of_path.paths = {"input/mesh-7"};
  log("log -- input/mesh-7", of_path);
  LogOptions of_metadata;
  of_metadata.metadata = {{"step", "17"}};
  log("log --meta step=17", of_metadata);
  LogOptions since;
  since.since_seconds = 4'000'000'000;
  log("log --since the future", since);
}

}  // namespace
}  // namespace metamori::test
