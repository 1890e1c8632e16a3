// A job that is checkpointed every five minutes, with rules and gc every night: files and bytes stay bounded. Days in the quick suite; with
// METAMORI_TEST_SCALE of 10 and more, a year.

#include <gtest/gtest.h>

#include "core/forget.hpp"
#include "core/gc.hpp"
#include "core/looking.hpp"
#include "tests/support/count.hpp"
#include "tests/support/engine_world.hpp"
#include "tests/support/noise.hpp"
#include "tests/support/scale.hpp"

namespace metamori::test {
namespace {

constexpr int kPerDay = 288;
constexpr std::int64_t kFiveMinutesNs = 300'000'000'000;

class Year : public testing::Test {
 protected:
  Year() : pages_(noise(120'000, 1)) {
    disk_.make_directories(kTree);
    init_at_tree(disk_);
  }
  void change(int tick) {
    const std::string top(kTree);
    const auto seed = static_cast<std::uint32_t>(tick);
    pages_.replace(seed * 7919U % 119'000U, 512, noise(512, seed));
    log_ += "step " + std::to_string(tick) + "\n";
    if (log_.size() > 20'000) log_.clear();
    disk_.write_file(top + "/pages", pages_);
    disk_.write_file(top + "/log", log_);
    disk_.write_file(top + "/restart", noise(2000, seed));
  }
  GcReport night() {
    const auto engine = open_at_tree(disk_);
    ForgetOptions rules;
    rules.keep.last = 12;
    rules.keep.hourly = 24;
    rules.keep.daily = 14;
    rules.keep.weekly = 8;
    rules.keep.monthly = 12;
    forget(*engine, rules);
    GcOptions options;
    options.automatic = true;
    return collect_garbage(*engine, options);
  }
  std::uint64_t bytes() {
    std::uint64_t total = 0;
    for (const auto& [path, node] : disk_.tree("/tree/.metamori")) total += node.content.size();
    return total;
  }
  std::size_t files() { return disk_.tree("/tree/.metamori").size(); }

  SimSystem disk_;
  std::string pages_, log_;
};

TEST_F(Year, FilesAndBytesStayBounded) {
  const int days = test_scale() >= 10 ? 365 : 4 * static_cast<int>(test_scale());
  std::size_t most_files = 0;
  std::uint64_t most_bytes = 0;
  for (int day = 0; day < days; ++day) {
    for (int i = 0; i < kPerDay; ++i) {
      change(day * kPerDay + i);
      disk_.advance_clock(kFiveMinutesNs);
      checkpoint(disk_);
      disk_.make_durable();
    }
    EXPECT_TRUE(night().was_needed);
    disk_.make_durable();
    most_files = std::max(most_files, files());
    most_bytes = std::max(most_bytes, bytes());
    if (day % 5 == 0) std::cout << "day " << day << ": " << files() << " files, " << bytes() << " bytes" << std::endl;
  }
  const auto engine = open_at_tree(disk_);
  std::size_t kept = 0;
  for (const RecordSummary& record : engine->log->summaries()) kept += record.kind == RecordKind::checkpoint ? 1 : 0;
  EXPECT_LE(kept, 75U);
  EXPECT_EQ(engine->log->highest(), static_cast<std::uint64_t>(days) * kPerDay);
  // Records: up to 64 + 256 + those of a day stay single. Packs: eight of each size, and a few.
  EXPECT_LE(most_files, 450U);
  // What is kept, and a tombstone of less than 1 KiB for each that was forgotten.
  EXPECT_LE(most_bytes, 3'000'000U + static_cast<std::uint64_t>(days) * kPerDay * 1024U);
  EXPECT_EQ(checkpointed_tree(*engine, engine->log->head().number), without_link_counts(user_tree(disk_)));
  const VerifyReport report = verify(*engine, {});
  EXPECT_TRUE(report.ok());
  print_count("P12.checkpoints", static_cast<std::uint64_t>(days) * kPerDay);
  std::cout << "at most " << most_files << " files, " << most_bytes << " bytes; " << kept << " checkpoints kept\n";
}

}  // namespace
}  // namespace metamori::test
