// T1 and T2 over repair. P15: killed or failing anywhere, it leaves a repository at least as good as it was, and the next run ends as one
// that was not stopped.

#include <fcntl.h>
#include <gtest/gtest.h>

#include "core/looking.hpp"
#include "core/restore.hpp"
#include "tests/crash/crash_sweep.hpp"
#include "tests/crash/fault_sweep.hpp"
#include "tests/damage/mended.hpp"
#include "tests/support/count.hpp"
#include "tests/support/fault_system.hpp"
#include "tests/support/scale.hpp"

namespace metamori::test {
namespace {

constexpr const char* kRepository = "/tree/.metamori/";

struct Case {
  std::string name;
  std::function<void(SimSystem& disk, const DamageWorld& world)> damage;
};

void zero(SimSystem& disk, const std::string& path, std::size_t from, std::size_t count) {
  Bytes bytes = disk.read_file(path);
  for (std::size_t at = from; at < std::min(bytes.size(), from + count); ++at) bytes[at] = std::byte{0};
  disk.write_file(path, ByteView(bytes));
}

std::string largest_pack(const DamageWorld& world) {
  std::string largest;
  std::size_t size = 0;
  for (const std::string& path : world.files({"packs"}))
    if (const std::size_t bytes = world.disk->read_file(path).size(); bytes > size) {
      size = bytes;
      largest = path;
    }
  return largest;
}

std::vector<Case> cases() {
  return {
      {"a frame", [](SimSystem& disk, const DamageWorld& world) { zero(disk, largest_pack(world), 3000, 200); }},
      {"a pack's header", [](SimSystem& disk, const DamageWorld& world) { zero(disk, largest_pack(world), 0, 16); }},
      {"a pack's end",
       [](SimSystem& disk, const DamageWorld& world) {
         zero(disk, largest_pack(world), disk.read_file(largest_pack(world)).size() - 100, 100);
       }},
      {"swapped records",
       [](SimSystem& disk, const DamageWorld& /*world*/) {
         disk.rename(AT_FDCWD, (kRepository + std::string("checkpoints/1")).c_str(), AT_FDCWD,
                     (kRepository + std::string("checkpoints/2")).c_str(), RenameMode::exchange);
       }},
      {"records and what is small",
       [](SimSystem& disk, const DamageWorld& world) {
         zero(disk, kRepository + std::string("checkpoints/2"), 100, 300);
         disk.remove_file(AT_FDCWD, (kRepository + std::string("checkpoints/1")).c_str());
         zero(disk, kRepository + std::string("format"), 3, 20);
         for (const std::string& path : world.files({"refs"})) zero(disk, path, 20, 10);
         for (const std::string& path : world.files({"cache"})) zero(disk, path, 20, 10);
       }},
  };
}

/// Files of checkpoints that come back, as `number/path`.
std::set<std::string> readable(const SimSystem& state, const DamageWorld& world) {
  std::set<std::string> files;
  const auto disk = state.copy();
  for (const auto& [number, tree] : world.trees) {
    RestoreOptions options;
    options.control.jobs = 1;
    options.revision = std::to_string(number);
    options.target = "/out" + options.revision;
    try {
      restore_checkpoint(*open_at_tree(*disk), options);
    } catch (const Error&) {  // what is damaged is told, everything else was restored
    }
    if (!disk->exists(*options.target)) continue;
    for (const auto& [path, node] : disk->tree(*options.target)) {
      const auto wanted = tree.find(path);
      if (wanted != tree.end() && wanted->second.content == node.content) files.insert(options.revision + '/' + path);
    }
  }
  return files;
}

struct Expectation {
  std::map<std::string, Bytes> before;
  std::set<std::string> readable_before;
  std::set<std::uint64_t> affected_after;
};

/// What an unfinished run left is at least as good as before, and the next run ends as if there had been no other.
void check_state(const SimSystem& cut, const DamageWorld& world, const Expectation& of) {
  const std::set<std::string> now = readable(cut, world);
  for (const std::string& file : of.readable_before) expect(now.contains(file), file + " could be read before");
  const auto state = cut.copy();
  mend(*state);
  check_mended(*state, of.before, world.trees);
  expect(affected_numbers(*state) == of.affected_after, "the second run ends otherwise than one that was not stopped");
}

Expectation expectation(const SimSystem& damaged, const DamageWorld& world) {
  Expectation of;
  of.before = repository_files(damaged);
  of.readable_before = readable(damaged, world);
  const auto done = damaged.copy();
  mend(*done);
  of.affected_after = affected_numbers(*done);
  return of;
}

TEST(RepairCrash, T1P15NoPowerCutMakesItWorse) {
  const DamageWorld world = make_damage_world();
  CrashSweep sweep;
  for (const Case& of : cases()) {
    const auto disk = world.disk->copy();
    of.damage(*disk, world);
    disk->make_durable();
    const Expectation expected = expectation(*disk, world);
    mend(*disk);
    const CrashSweep::Limits limits{.states = test_scale() > 1 ? CrashSweep::kNoLimit : 40,
                                    .seed_count = std::min<std::uint64_t>(test_scale() + 1, 8)};
    const auto violation = sweep.run(*disk, limits, [&](const SimSystem& state, bool /*is_end*/) { check_state(state, world, expected); });
    ASSERT_FALSE(violation) << of.name << ": " << *violation;
  }
  print_count("T1.repair.cuts", sweep.cut_count());
  print_count("T1.repair.states", sweep.state_count());
  EXPECT_GE(sweep.state_count(), 100U);
}

TEST(RepairCrash, T2P5EveryFailingCallIsToldAndLosesNothing) {
  const DamageWorld world = make_damage_world();
  FaultSweep sweep([](std::uint64_t calls) {
    return test_scale() > 1 ? std::max<std::uint64_t>(1, 40 / test_scale()) : std::max<std::uint64_t>(1, calls / 15);
  });
  for (const Case& of : cases()) {
    const auto damaged = world.disk->copy();
    of.damage(*damaged, world);
    const Expectation expected = expectation(*damaged, world);
    const auto violation = sweep.run(
        *damaged, [](System& system) { mend(system); },
        [&](const SimSystem& state, bool /*was_done*/) { check_state(state, world, expected); });
    ASSERT_FALSE(violation) << of.name << ": " << *violation;
  }
  print_count("T2.repair.faults", sweep.tried_count());
  EXPECT_GE(sweep.tried_count(), 100U);
  EXPECT_GT(sweep.failed_count(), 30U);
}

}  // namespace
}  // namespace metamori::test
