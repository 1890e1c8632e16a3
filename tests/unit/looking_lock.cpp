#include <gtest/gtest.h>

#include "core/lock.hpp"
#include "tests/support/engine_world.hpp"

namespace metamori::test {
namespace {

Control for_ms(std::int64_t wait_ms) {
  Control control;
  control.lock_timeout_ms = wait_ms;
  return control;
}

/// Keeps what it was told, and raises the flag when it is told the second time.
struct StopAtSecond final : ProgressSink {
  void update(const Progress& progress) override {
    told.push_back(progress);
    stop = told.size() >= 2;
  }
  std::vector<Progress> told;
  std::atomic<bool> stop{false};
};

class Locks : public testing::Test {
 protected:
  Locks() {
    disk.make_directories(kTree);
    a = init_at_tree(disk);
    b = open_at_tree(disk);
  }
  SimSystem disk;
  std::unique_ptr<Engine> a, b;
};

TEST_F(Locks, SharedOnesGoTogetherAndExclusiveOnesAlone) {
  {
    const Lock first(*a, kGcLock, LockMode::shared, for_ms(0));
    const Lock second(*b, kGcLock, LockMode::shared, for_ms(0));
    EXPECT_TRUE(first.held() && second.held());
    EXPECT_THROW(Lock(*b, kGcLock, LockMode::exclusive, for_ms(10)), Error);
  }
  const Lock alone(*a, kGcLock, LockMode::exclusive, for_ms(0));
  EXPECT_TRUE(alone.held());
  const Lock other_name(*b, kTreeLock, LockMode::exclusive, for_ms(0));
  EXPECT_TRUE(other_name.held());
}

TEST_F(Locks, TheHolderIsNamed) {
  const Lock held(*a, kTreeLock, LockMode::exclusive, for_ms(0));
  try {
    const Lock other(*b, kTreeLock, LockMode::exclusive, for_ms(20));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::locked);
    const std::string what = error.what();
    EXPECT_NE(what.find("process 4242 on simulated since "), std::string::npos) << what;
  }
}

TEST_F(Locks, WithoutSupportNothingIsHeldAndNothingFails) {
  FaultSystem system(disk);
  system.set_fault({.matches = FaultSystem::only(Call::lock), .at = 1, .for_ever = true, .error = ENOLCK});
  auto engine = open_at_tree(system);
  EXPECT_FALSE(Lock(*engine, kGcLock, LockMode::exclusive, for_ms(0)).held());
}

TEST_F(Locks, AWaitingExclusiveOneGetsItsTurn) {
  auto writer = std::make_unique<Lock>(*a, kGcLock, LockMode::shared, for_ms(0));
  FaultSystem system(disk);
  auto c = open_at_tree(system);
  bool refused = false;
  // While the exclusive one sleeps between its tries, a newcomer must not get in before it.
  system.on_before([&](const CallInfo& info) {
    if (info.call != Call::lock || !writer || system.count(Call::lock) < 3) return;
    try {
      const Lock newcomer(*b, kGcLock, LockMode::shared, for_ms(0));
    } catch (const Error& error) {
      refused = error.kind() == ErrorKind::locked;
    }
    writer.reset();
  });
  const Lock gc(*c, kGcLock, LockMode::exclusive, for_ms(10'000));
  EXPECT_TRUE(gc.held());
  EXPECT_TRUE(refused);
}

TEST_F(Locks, AWaitTellsWhoHasItAndCanBeStopped) {
  const Lock held(*a, kTreeLock, LockMode::exclusive, for_ms(0));
  StopAtSecond sink;
  Control control = for_ms(60'000);
  control.progress = &sink;
  control.stop = &sink.stop;
  try {
    const Lock other(*b, kTreeLock, LockMode::exclusive, control);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::interrupted);
  }
  ASSERT_EQ(sink.told.size(), 2U);
  EXPECT_EQ(sink.told[0].phase, Phase::wait);
  EXPECT_EQ(sink.told[0].waits_for.find("the lock 'tree', held by process 4242 on simulated since "), 0U) << sink.told[0].waits_for;
}

TEST_F(Locks, ATimeLimitEndsAWait) {
  const Lock held(*a, kTreeLock, LockMode::exclusive, for_ms(0));
  Control control = for_ms(60'000);
  control.time_limit_ms = 500;
  const std::int64_t before = disk.monotonic_ns();
  try {
    const Lock other(*b, kTreeLock, LockMode::exclusive, control);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::timed_out);
  }
  EXPECT_LT(disk.monotonic_ns() - before, 1'000'000'000);
}

TEST_F(Locks, APendingRestoreIsWaitedForAndTheWaitCanBeStopped) {
  disk.write_file(std::string(kTree) + "/.metamori/restore/intent", "pending");
  EXPECT_THROW(refuse_pending_restore(*a, for_ms(20)), Error);
  StopAtSecond sink;
  Control control = for_ms(60'000);
  control.progress = &sink;
  control.stop = &sink.stop;
  try {
    refuse_pending_restore(*a, control);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::interrupted);
  }
  EXPECT_EQ(sink.told.back().waits_for.find("the pending restore of "), 0U) << sink.told.back().waits_for;
}

}  // namespace
}  // namespace metamori::test
