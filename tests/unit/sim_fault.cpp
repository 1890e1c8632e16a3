#include <gtest/gtest.h>

#include <cerrno>

#include "base/bytes.hpp"
#include "base/files.hpp"
#include "tests/support/fault_system.hpp"
#include "tests/support/sim_system.hpp"

namespace metamori::test {
namespace {

/// The operation under test in this file: leaves the old file or the new one.
void replace(System& system) {
  const Fd dir = open_directory(system, AT_FDCWD, "/d", "/d");
  replace_file(system, dir.get(), dir.get(), "name", as_bytes("new content"), "/d/name");
}

std::unique_ptr<SimSystem> disk_with_old_file() {
  auto disk = std::make_unique<SimSystem>();
  disk->write_file("/d/name", "old");
  disk->make_durable();
  return disk;
}

bool is_old_or_new(const SimSystem& disk) {
  const Bytes content = disk.read_file("/d/name");
  return as_text(content) == "old" || as_text(content) == "new content";
}

TEST(FaultSystem, CountsCallsByName) {
  const auto disk = disk_with_old_file();
  FaultSystem system(*disk);
  replace(system);
  EXPECT_EQ(system.count(Call::sync), 2U);
  EXPECT_EQ(system.count(Call::rename), 1U);
  EXPECT_EQ(system.count(Call::open_at), 2U);
  EXPECT_EQ(system.count(Call::random), 1U);
  EXPECT_EQ(system.count_mutating(), 5U);  // create, write, sync, rename, sync
  EXPECT_EQ(system.fault_count(), 0U);
  EXPECT_EQ(disk->open_count(), 0U);
}

TEST(FaultSystem, EveryCallCanFail) {
  const auto original = disk_with_old_file();
  const auto counted = original->copy();
  FaultSystem counting(*counted);
  replace(counting);
  ASSERT_GT(counting.count_all(), 5U);
  for (const int error : {EIO, ENOSPC, EDQUOT})
    for (const bool for_ever : {false, true})
      for (std::uint64_t n = 1; n <= counting.count_all(); ++n) {
        const auto disk = original->copy();
        FaultSystem system(*disk);
        system.set_fault({.at = n, .for_ever = for_ever, .error = error});
        std::optional<ErrorKind> kind;
        try {
          replace(system);
        } catch (const Error& caught) {
          kind = caught.kind();
        }
        EXPECT_GE(system.fault_count(), 1U);
        EXPECT_TRUE(is_old_or_new(*disk)) << n;
        EXPECT_EQ(disk->open_count(), 0U) << n;
        if (kind) {
          EXPECT_EQ(*kind, error == EIO ? ErrorKind::io : ErrorKind::no_space) << n;
        }
        if (!for_ever) {
          EXPECT_LE(disk->tree("/d").size(), 1U) << "litter after call " << n;
        }
      }
}

TEST(FaultSystem, InterruptedCallsAreRepeated) {
  const auto original = disk_with_old_file();
  const auto counted = original->copy();
  FaultSystem counting(*counted);
  replace(counting);
  for (std::uint64_t n = 1; n <= counting.count_all(); ++n) {
    const auto disk = original->copy();
    FaultSystem system(*disk);
    system.set_fault({.at = n, .error = EINTR});
    replace(system);
    EXPECT_EQ(as_text(disk->read_file("/d/name")), "new content") << n;
    EXPECT_EQ(disk->open_count(), 0U);
  }
}

TEST(FaultSystem, ShortTransfersAreCompleted) {
  const auto disk = disk_with_old_file();
  FaultSystem system(*disk);
  system.set_fault({.for_ever = true, .action = FaultAction::short_count});
  replace(system);
  EXPECT_GT(system.count(Call::write_at), 2U);
  const Fd file = open_file(system, AT_FDCWD, "/d/name", O_RDONLY, 0, "name");
  EXPECT_EQ(as_text(read_whole(system, file.get(), 100, "name")), "new content");
  EXPECT_GT(system.count(Call::read_at), 2U);
}

TEST(FaultSystem, APowerCutStopsEverything) {
  const auto original = disk_with_old_file();
  const auto counted = original->copy();
  FaultSystem counting(*counted);
  replace(counting);
  for (std::uint64_t n = 1; n <= counting.count_mutating(); ++n) {
    const auto disk = original->copy();
    FaultSystem system(*disk);
    system.set_fault({.matches = FaultSystem::mutates, .at = n, .action = FaultAction::power_cut});
    EXPECT_THROW(replace(system), Error);
    EXPECT_TRUE(system.is_cut());
    EXPECT_EQ(disk->event_count(), n - 1) << "not even the temporary file is removed";
    EXPECT_EQ(system.make_directory(AT_FDCWD, "/more", 0755), -EIO);
    EXPECT_EQ(system.close(99), 0);
    EXPECT_EQ(disk->event_count(), n - 1);
    for (const CrashVariant& variant : crash_variants(5)) EXPECT_TRUE(is_old_or_new(*disk->crash_state(disk->event_count(), variant)));
  }
}

TEST(FaultSystem, ASkippedSyncIsFoundByTheCrashStates) {
  for (std::uint64_t n = 1; n <= 2; ++n) {
    const auto disk = disk_with_old_file();
    FaultSystem system(*disk);
    system.set_fault({.matches = FaultSystem::only(Call::sync), .at = n, .action = FaultAction::skip});
    replace(system);
    bool is_found = false;
    for (const CrashVariant& variant : crash_variants(10))
      is_found = is_found || as_text(disk->crash_state(disk->event_count(), variant)->read_file("/d/name")) != "new content";
    EXPECT_TRUE(is_found) << "sync " << n;
  }
}

TEST(FaultSystem, CallbacksMayChangeTheTreeInTheMiddle) {
  const auto disk = disk_with_old_file();
  FaultSystem system(*disk);
  std::vector<std::string> seen;
  system.on_before([&](const CallInfo& info) {
    if (info.call == Call::rename) disk->write_file("/d/meanwhile", "content");
    seen.push_back(std::string(to_string(info.call)) + " " + std::string(info.name));
  });
  int after = 0;
  system.on_after([&](const CallInfo&) { ++after; });
  replace(system);
  EXPECT_TRUE(disk->exists("/d/meanwhile"));
  EXPECT_EQ(seen.front(), "open_at /d");
  EXPECT_EQ(static_cast<std::size_t>(after), seen.size());
}

TEST(FaultSystem, FailAfterDoesItAndDeniesIt) {
  const auto disk = disk_with_old_file();
  FaultSystem system(*disk);
  system.set_fault({.matches = FaultSystem::only(Call::remove_file), .action = FaultAction::fail_after});
  EXPECT_EQ(system.remove_file(AT_FDCWD, "/d/name"), -EIO);
  EXPECT_FALSE(disk->exists("/d/name"));
}

TEST(FaultSystem, SeveralFaultsCountApart) {
  const auto disk = disk_with_old_file();
  FaultSystem system(*disk);
  system.set_fault({.matches = FaultSystem::only(Call::make_directory), .at = 2, .error = EIO});
  system.add_fault({.matches = FaultSystem::only(Call::remove_directory), .error = EPERM});
  EXPECT_EQ(system.make_directory(AT_FDCWD, "/1", 0755), 0);
  EXPECT_EQ(system.make_directory(AT_FDCWD, "/2", 0755), -EIO);
  EXPECT_EQ(system.remove_directory(AT_FDCWD, "/1"), -EPERM);
  EXPECT_EQ(system.make_directory(AT_FDCWD, "/2", 0755), 0);
  system.clear_faults();
  EXPECT_EQ(system.remove_directory(AT_FDCWD, "/1"), 0);
}

}  // namespace
}  // namespace metamori::test
