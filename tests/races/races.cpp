// T11 (P9, P10): files change while they are looked at, at every call that a checkpoint makes and at any moment, on real file systems. The
// checkpoint holds what was there at one instant, or says that it does not; the next one holds what is there.

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "tests/races/race_ground.hpp"
#include "tests/support/count.hpp"
#include "tests/support/scale.hpp"

namespace metamori::test {
namespace {

bool is_marked(const CheckpointReport& report, const std::string& path) {
  return std::any_of(report.verdicts.begin(), report.verdicts.end(), [&](const CapturedPath& captured) {
    return captured.path == path && (captured.verdict == CaptureVerdict::torn || captured.verdict == CaptureVerdict::prefix);
  });
}

std::uint64_t scaled(std::uint64_t quick, std::uint64_t full) { return std::min(full, quick * test_scale()); }

/// The next checkpoint has to hold the tree as it is.
void expect_not_missed(RaceGround& ground, const std::string& what) {
  const CheckpointReport next = ground.checkpoint();
  EXPECT_EQ(ground.stored(next.checkpoint.number), ground.found()) << what << ": missed";
}

TEST(Races, AChangeAtEveryCallIsNeitherMissedNorTornUnmarked) {
  std::uint64_t met = 0;
  for (const std::string& place : race_places()) {
    for (const Change& change : content_changes()) {
      RaceGround ground(place);
      unsigned generation = 0;
      write_over(ground.path("raced"), raced_content(generation));
      write_over(ground.path("a-file"), "before it");
      let_times_grow_old();
      ground.checkpoint();
      write_over(ground.path("raced"), raced_content(++generation));
      let_times_grow_old();
      const std::uint64_t calls = ground.count_calls();
      const std::uint64_t stride = test_scale() > 1 ? 1 : 7;
      for (std::uint64_t call = 1 + met % stride; call <= calls; call += stride, ++met) {
        // Read anew in this checkpoint; with dirty pages, as a mapping leaves them.
        ground.store_mapped(++generation);
        let_times_grow_old();
        const std::string before = raced_content(generation);
        const std::string after = raced_content(++generation);
        const CheckpointReport report = ground.checkpoint_meeting(call, [&] { change.make(ground, generation); });
        const auto files = ground.stored(report.checkpoint.number);
        const auto held = files.find("raced");
        const std::string what = change.name + " at call " + std::to_string(call) + " in " + place;
        EXPECT_TRUE(is_marked(report, "raced") ||
                    change.may_be(held == files.end() ? std::nullopt : std::optional(held->second), before, after))
            << what << ": torn, and not marked";
        expect_not_missed(ground, what);
        if (HasFailure()) return;
      }
    }
  }
  print_count("T11.changes-at-a-call", met);
}

TEST(Races, AFileThatIsMovedDuringTheWalkIsSomewhere) {
  std::uint64_t met = 0;
  for (const std::string& place : race_places()) {
    for (const bool whole_directory : {false, true}) {
      RaceGround ground(place);
      for (const char* name : {"a", "b", "c"}) {
        std::filesystem::create_directories(ground.path(name));
        write_over(ground.path(std::string(name) + "/file"), name);
      }
      std::filesystem::create_directories(ground.path("c/sub"));
      write_over(ground.path("c/sub/moved"), "moved");
      const std::string unit = whole_directory ? "sub" : "moved";
      if (!whole_directory) std::filesystem::rename(ground.path("c/sub/moved"), ground.path("c/moved"));
      let_times_grow_old();
      const std::uint64_t calls = ground.count_calls();
      const std::uint64_t stride = test_scale() > 1 ? 1 : 5;
      std::string from = "c";
      for (std::uint64_t call = 1; call <= calls; call += stride, ++met) {
        const std::string to = from == "c" ? "a" : "c";
        let_times_grow_old();
        write_over(ground.path("b/file"), std::to_string(call));
        const CheckpointReport report =
            ground.checkpoint_meeting(call, [&] { std::filesystem::rename(ground.path(from + '/' + unit), ground.path(to + '/' + unit)); });
        const auto files = ground.stored(report.checkpoint.number);
        const std::string below = whole_directory ? "/sub/moved" : "/moved";
        const bool is_somewhere = files.contains("a" + below) || files.contains("c" + below);
        EXPECT_TRUE(is_somewhere || report.has_losses())
            << unit << " at call " << call << " in " << place << ": nowhere, and nothing marked";
        expect_not_missed(ground, "moved at call " + std::to_string(call));
        if (std::filesystem::exists(ground.path(to + '/' + unit))) from = to;
        if (HasFailure()) return;
      }
    }
  }
  print_count("T11.moves-at-a-call", met);
}

TEST(Races, RewrittenInTheSameTickNothingIsMissed) {
  std::uint64_t rounds = 0;
  const std::uint64_t wanted = scaled(100, 2000);
  for (const std::string& place : race_places()) {
    RaceGround ground(place);
    unsigned generation = 0;
    write_over(ground.path("raced"), raced_content(generation));
    for (std::uint64_t round = 0; round < wanted; ++round, ++rounds) {
      const Change& change = content_changes()[round % content_changes().size()];
      change.make(ground, ++generation);
      const CheckpointReport report = ground.checkpoint();
      ASSERT_EQ(ground.stored(report.checkpoint.number).at("raced"), raced_content(generation)) << change.name << ", round " << round;
      ASSERT_FALSE(report.has_losses());
    }
  }
  print_count("T11.same-tick-rewrites", rounds);
}

TEST(Races, AWriterAtWorkLeavesWhatWasThereAtOneInstantOrAMark) {
  std::uint64_t rounds = 0;
  std::uint64_t marked = 0;
  const std::uint64_t wanted = scaled(15, 250);
  for (const std::string& place : race_places()) {
    for (const bool mapped : {false, true}) {
      RaceGround ground(place);
      write_over(ground.path("raced"), raced_content(0));
      std::atomic<bool> stop{false};
      std::thread writer([&] {
        HeldMapping mapping(ground.path("raced"));
        for (unsigned generation = 1; !stop; ++generation) {
          if (mapped) {
            mapping.store(generation);
          } else {
            for (std::size_t page = 0; page < kRacedPages && !stop; ++page)
              write_over(ground.path("raced"), raced_content(generation).substr(0, kRacedPageBytes), page * kRacedPageBytes);
          }
          if (generation % 16 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
        }
      });
      for (std::uint64_t round = 0; round < wanted && !HasFailure(); ++round, ++rounds) {
        const CheckpointReport report = ground.checkpoint();
        const std::string held = ground.stored(report.checkpoint.number).at("raced");
        if (is_marked(report, "raced")) {
          ++marked;
          continue;
        }
        // One generation up to some page, the one before from there on; letters come round after 26.
        std::size_t page = 1;
        while (page < kRacedPages && held[page * kRacedPageBytes] == held[0]) ++page;
        const auto before = static_cast<char>(held[0] == 'a' ? 'z' : held[0] - 1);
        bool is_instant = held.size() == kRacedPages * kRacedPageBytes;
        for (std::size_t at = 0; is_instant && at < held.size(); ++at) {
          // Within a page a store is not one: its beginning may be newer than its end.
          const bool is_torn_page = at / kRacedPageBytes == page;
          is_instant = at / kRacedPageBytes < page ? held[at] == held[0] : held[at] == before || (is_torn_page && held[at] == held[0]);
        }
        EXPECT_TRUE(is_instant) << (mapped ? "mapped" : "written") << " in " << place << ", round " << round << ": torn, and not marked";
      }
      stop = true;
      writer.join();
      expect_not_missed(ground, "after the writer");
      if (HasFailure()) return;
    }
  }
  print_count("T11.checkpoints-beside-a-writer", rounds);
  print_count("T11.marked-beside-a-writer", marked);
}

}  // namespace
}  // namespace metamori::test
