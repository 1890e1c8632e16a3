// P10: a torn file that comes back is told of, with the version that was last whole.

#include <gtest/gtest.h>

#include "tests/unit/restore_world.hpp"

namespace metamori::test {
namespace {

class Torn : public ::testing::Test {
 protected:
  void SetUp() override {
    disk.make_directories(kTree);
    init_at_tree(disk);
  }
  std::uint64_t take(const CheckpointOptions& options = one_worker()) {
    disk.advance_clock(10'000'000'000);
    const std::uint64_t number = checkpoint(disk, options).checkpoint.number;
    disk.advance_clock(10'000'000'000);
    return number;
  }
  /// A checkpoint during which somebody writes to "busy" whenever anything is read.
  CheckpointReport take_torn(const CheckpointOptions& options = one_worker()) {
    disk.advance_clock(10'000'000'000);
    FaultSystem watched(disk);
    watched.on_before([&](const CallInfo& info) {
      if (info.call != Call::read_at) return;
      disk.advance_clock(1'000'000);
      World(disk).write("busy", "work " + std::to_string(1000 + ++writes_));
    });
    CheckpointReport report = checkpoint(watched, options);
    disk.advance_clock(10'000'000'000);
    return report;
  }
  RestoreReport bring_back(std::uint64_t number, const std::optional<std::string>& target = {}) {
    RestoreOptions options = to_number(number);
    options.target = target;
    options.remove_extra = !target;
    return restore(disk, options);
  }
  void write(const std::string& name, std::string_view text) { World(disk).write(name, text); }
  static std::uint64_t last_clean(const RestoreReport& report) {
    return report.torn.size() == 1 && report.torn.front().last_clean ? report.torn.front().last_clean->number : 0;
  }

  SimSystem disk;
  int writes_ = 0;
};

TEST_F(Torn, TheFileIsNamedWithItsLastWholeVersion) {
  write("busy", "whole");
  write("calm", "whole");
  take();
  write("calm", "changed");
  ASSERT_EQ(take_torn().checkpoint.number, 2U);
  ASSERT_TRUE(take_torn().has_losses());
  write("busy", "after");
  write("calm", "after");
  take();
  const RestoreReport report = bring_back(3);
  ASSERT_EQ(report.torn.size(), 1U);
  EXPECT_EQ(report.torn.front().path, "busy");
  EXPECT_EQ(last_clean(report), 1U);
  EXPECT_TRUE(report.warnings.empty());
  EXPECT_TRUE(bring_back(1).torn.empty());
  EXPECT_TRUE(bring_back(4).torn.empty());
}

TEST_F(Torn, WithoutAWholeVersionThereIsNone) {
  write("busy", "at first");
  take_torn();
  write("busy", "after");
  const RestoreReport report = bring_back(1);
  ASSERT_EQ(report.torn.size(), 1U);
  EXPECT_FALSE(report.torn.front().last_clean.has_value());
}

TEST_F(Torn, AFileThatIsNotBroughtBackIsNotTold) {
  write("busy", "whole");
  write("calm", "whole");
  take();
  take_torn();
  EXPECT_EQ(last_clean(bring_back(2)), 1U);
  write("calm", "after");
  EXPECT_TRUE(bring_back(2).torn.empty());  // "busy" is as it was then
  write("busy", "after");
  write("calm", "after");
  RestoreOptions options = to_number(2);
  options.remove_extra = false;
  options.paths = {"calm"};
  EXPECT_TRUE(restore(disk, options).torn.empty());
  options.paths = {"busy"};
  options.dry_run = true;
  EXPECT_EQ(last_clean(restore(disk, options)), 1U);
}

TEST_F(Torn, ToAnotherDirectoryItIsToldToo) {
  write("busy", "whole");
  write("calm", "whole");
  take();
  take_torn();
  EXPECT_EQ(last_clean(bring_back(2, "/copy")), 1U);
  RestoreOptions options = to_number(2);
  options.remove_extra = false;
  options.target = "/part";
  options.paths = {"calm"};
  EXPECT_TRUE(restore(disk, options).torn.empty());
  options.target = "/copy";
  options.paths.clear();
  options.overwrite = Overwrite::never;
  EXPECT_TRUE(restore(disk, options).torn.empty());
  options.target = "/dry";
  options.dry_run = true;
  EXPECT_EQ(last_clean(restore(disk, options)), 1U);
}

TEST_F(Torn, AnUndoTellsToo) {
  write("busy", "whole");
  take();
  write("busy", "second");
  take();
  write("busy", "in no checkpoint");
  FaultSystem watched(disk);
  bool is_open = false;
  watched.on_before([&](const CallInfo& info) {  // while each try of the safety checkpoint reads the file, and never after
    if (info.call == Call::open_at && info.name == "busy") is_open = true;
    if (info.call != Call::read_at || writes_ > 3 || !std::exchange(is_open, false)) return;
    disk.advance_clock(1'000'000);
    World(disk).write("busy", "work " + std::to_string(1000 + ++writes_));
  });
  RestoreOptions options = to_number(1);
  options.force = true;
  restore(watched, options);
  RestoreOptions undo;
  undo.control.jobs = 1;
  const RestoreReport report = undo_restore(*open_at_tree(disk), undo);
  EXPECT_EQ(last_clean(report), 2U);
}

TEST_F(Torn, KeepingATornVersionMakesItNoBetter) {
  write("busy", "whole");
  take();
  CheckpointOptions keep = one_worker();
  keep.on_torn = OnTorn::keep_previous;
  const CheckpointReport kept = take_torn(keep);
  ASSERT_EQ(kept.verdicts.size(), 1U);
  EXPECT_EQ(kept.verdicts.front().verdict, CaptureVerdict::kept);
  take_torn();
  const CheckpointReport again = take_torn(keep);
  ASSERT_EQ(again.verdicts.size(), 1U);
  EXPECT_EQ(again.verdicts.front().verdict, CaptureVerdict::torn);
  write("busy", "after");
  EXPECT_EQ(last_clean(bring_back(4)), 1U);
  write("busy", "after");
  EXPECT_TRUE(bring_back(2).torn.empty());  // it is the whole one
}

TEST_F(Torn, UnreadableAfterwardsItIsStillTorn) {
  write("busy", "whole");
  take();
  take_torn();
  FaultSystem faulty(disk);
  faulty.set_fault({.matches = [](const CallInfo& info) { return info.call == Call::open_at && info.name == "busy"; },
                    .for_ever = true,
                    .error = EACCES});
  write("busy", "not readable");
  ASSERT_TRUE(checkpoint(faulty).has_losses());
  write("busy", "after");
  EXPECT_EQ(last_clean(bring_back(3)), 1U);
}

TEST_F(Torn, ACheckpointOfOtherPathsHandsItDown) {
  write("busy", "whole");
  write("calm", "whole");
  take();
  take_torn();
  write("calm", "changed");
  CheckpointOptions options = one_worker();
  options.paths = {"calm"};
  ASSERT_EQ(take(options), 3U);
  write("busy", "after");
  EXPECT_EQ(last_clean(bring_back(3)), 1U);
}

}  // namespace
}  // namespace metamori::test
