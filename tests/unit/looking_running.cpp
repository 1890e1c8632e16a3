// Leaving a checkpoint to somebody who makes one already.

#include "core/lock.hpp"
#include "tests/unit/looking_support.hpp"

namespace metamori::test {
namespace {

class Running : public Looking {
 protected:
  static CheckpointOptions skipping() {
    CheckpointOptions options = one_worker();
    options.skip_if_running = true;
    return options;
  }
  /// Takes a checkpoint, and in the middle of it calls `meanwhile` once.
  CheckpointReport take_with(const CheckpointOptions& options, const std::function<void()>& meanwhile) {
    FaultSystem system(disk);
    bool is_done = false;
    system.on_before([&](const CallInfo& info) {
      if (info.call != Call::sync || is_done) return;
      is_done = true;
      meanwhile();
    });
    const CheckpointReport report = checkpoint(system, options);
    EXPECT_TRUE(is_done);
    return report;
  }
};

TEST_F(Running, AloneItIsMade) {
  write("a", "1");
  const CheckpointReport report = checkpoint(disk, skipping());
  EXPECT_TRUE(report.created);
  EXPECT_FALSE(report.was_running);
}

TEST_F(Running, WhatIsGoneIsCounted) {
  write("a", "1");
  write("d/b", "1");
  write("d/c", "1");
  EXPECT_EQ(checkpoint(disk, one_worker()).files_removed, 0U);
  for (const char* path : {"/tree/a", "/tree/d/b", "/tree/d/c"}) ASSERT_EQ(disk.remove_file(AT_FDCWD, path), 0);
  ASSERT_EQ(disk.remove_directory(AT_FDCWD, "/tree/d"), 0);
  CheckpointOptions rehearsal = one_worker();
  rehearsal.dry_run = true;
  EXPECT_EQ(checkpoint(disk, rehearsal).files_removed, 3U);
  EXPECT_EQ(checkpoint(disk, one_worker()).files_removed, 3U);
  EXPECT_EQ(checkpoint(disk, one_worker()).files_removed, 0U);
}

TEST_F(Running, BesideAnotherNothingIsDone) {
  write("a", "1");
  take("one");
  write("a", "2");
  for (const bool other_skips : {false, true}) {
    write("a", other_skips ? "3" : "2");
    CheckpointReport skipped;
    const CheckpointReport made = take_with(other_skips ? skipping() : one_worker(), [&] { skipped = checkpoint(disk, skipping()); });
    EXPECT_TRUE(made.created);
    EXPECT_TRUE(skipped.was_running);
    EXPECT_FALSE(skipped.created);
    EXPECT_EQ(skipped.checkpoint.number, made.checkpoint.number - 1);  // HEAD at that time
  }
  EXPECT_EQ(numbers({}), (Numbers{3, 2, 1}));
  EXPECT_TRUE(checkpoint(disk, skipping()).created);
}

TEST_F(Running, WhoDoesNotAskIsNotHeldUp) {
  write("a", "1");
  CheckpointReport second;
  take_with(skipping(), [&] { second = checkpoint(disk); });
  EXPECT_TRUE(second.created);
}

TEST_F(Running, WhereNothingCanBeLockedItIsMade) {
  write("a", "1");
  FaultSystem system(disk);
  system.set_fault({.matches = FaultSystem::only(Call::lock), .at = 1, .for_ever = true, .error = ENOLCK});
  EXPECT_TRUE(checkpoint(system, skipping()).created);
}

TEST_F(Running, OfTwoThatAskAtOnceOneGoesOn) {
  write("a", "1");
  FaultSystem system(disk);
  // The other one comes when the first has the lock alone and is about to share it.
  CheckpointReport other;
  bool is_done = false;
  system.on_before([&](const CallInfo& info) {
    if (info.call != Call::lock || is_done || system.count(Call::lock) < 3) return;
    is_done = true;
    other = checkpoint(disk, skipping());
  });
  const CheckpointReport report = checkpoint(system, skipping());
  EXPECT_TRUE(is_done);
  EXPECT_NE(report.created, other.created);
}

}  // namespace
}  // namespace metamori::test
