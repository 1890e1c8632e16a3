#include <gtest/gtest.h>

#include "core/lock.hpp"
#include "tests/support/engine_world.hpp"

namespace metamori::test {
namespace {

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
    const Lock first(*a, kGcLock, LockMode::shared, 0);
    const Lock second(*b, kGcLock, LockMode::shared, 0);
    EXPECT_TRUE(first.held() && second.held());
    EXPECT_THROW(Lock(*b, kGcLock, LockMode::exclusive, 10), Error);
  }
  const Lock alone(*a, kGcLock, LockMode::exclusive, 0);
  EXPECT_TRUE(alone.held());
  const Lock other_name(*b, kTreeLock, LockMode::exclusive, 0);
  EXPECT_TRUE(other_name.held());
}

TEST_F(Locks, TheHolderIsNamed) {
  const Lock held(*a, kTreeLock, LockMode::exclusive, 0);
  try {
    const Lock other(*b, kTreeLock, LockMode::exclusive, 20);
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
  EXPECT_FALSE(Lock(*engine, kGcLock, LockMode::exclusive, 0).held());
}

TEST_F(Locks, AWaitingExclusiveOneGetsItsTurn) {
  auto writer = std::make_unique<Lock>(*a, kGcLock, LockMode::shared, 0);
  FaultSystem system(disk);
  auto c = open_at_tree(system);
  bool refused = false;
  // While the exclusive one sleeps between its tries, a newcomer must not get in before it.
  system.on_before([&](const CallInfo& info) {
    if (info.call != Call::lock || !writer || system.count(Call::lock) < 3) return;
    try {
      const Lock newcomer(*b, kGcLock, LockMode::shared, 0);
    } catch (const Error& error) {
      refused = error.kind() == ErrorKind::locked;
    }
    writer.reset();
  });
  const Lock gc(*c, kGcLock, LockMode::exclusive, 10'000);
  EXPECT_TRUE(gc.held());
  EXPECT_TRUE(refused);
}

}  // namespace
}  // namespace metamori::test
