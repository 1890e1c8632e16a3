// T1 over a restore without a safety checkpoint. P7: `recover` ends in all-new; `recover --abort` in all-old, or it says that what was
// there is in no checkpoint, and changes nothing.

#include <gtest/gtest.h>

#include <iostream>

#include "tests/support/scale.hpp"
#include "tests/unit/restore_world.hpp"

namespace metamori::test {
namespace {

constexpr std::size_t kLargeBytes = 1'100'000;  // large enough to be rewritten in place

/// Checkpoint 1, and since then a change in the middle of a large file that is in no checkpoint.
std::unique_ptr<SimSystem> unsaved_work() {
  auto disk = std::make_unique<SimSystem>();
  disk->make_directories(kTree);
  init_at_tree(*disk);
  const World world(*disk);
  std::string large = noise(kLargeBytes, 1);
  world.write("large", large);
  world.write("small", "old");
  disk->advance_clock(10'000'000'000);
  checkpoint(*disk);
  large.replace(kLargeBytes / 2, 8, "changed!");
  large.replace(kLargeBytes / 3, 8, "as well!");
  world.write("small", "new");
  const Fd file(*disk, disk->open_at(world.top.get(), "large", O_RDWR, 0));
  disk->write_at(file.get(), as_bytes(large), 0);
  disk->advance_clock(10'000'000'000);
  disk->make_durable();
  return disk;
}

RestoreOptions unsaved() {
  RestoreOptions options = to_number(1);
  options.save = false;
  options.force = true;
  return options;
}

TEST(UnsavedRestore, WritesOnlyWhatDiffersAndKeepsTheInode) {
  const auto disk = unsaved_work();
  const World world(*disk);
  FileStat before, after;
  ASSERT_EQ(disk->stat_at(world.top.get(), "large", before), 0);
  const RestoreReport report = restore(*disk, unsaved());
  ASSERT_EQ(disk->stat_at(world.top.get(), "large", after), 0);
  EXPECT_EQ(before.inode, after.inode);
  EXPECT_LT(report.bytes_written, kLargeBytes / 2);
  EXPECT_EQ(as_text(disk->read_file("/tree/large")), noise(kLargeBytes, 1));
}

TEST(UnsavedRestore, P7EveryPowerCutCanBeFinished) {
  const auto start = unsaved_work();
  const TreeDescription old_tree = user_tree(*start);
  const auto disk = start->copy();
  restore(*disk, unsaved());
  const TreeDescription new_tree = user_tree(*disk);
  const auto variants = crash_variants(1);
  const std::size_t stride = test_scale() > 1 ? 1 : 4;
  std::uint64_t states = 0;
  std::uint64_t refused = 0;
  for (std::size_t events = 0; events <= disk->event_count(); ++events)
    for (std::size_t i = events % stride; i < variants.size(); i += stride) {
      SCOPED_TRACE("cut after " + std::to_string(events) + ", " + to_string(variants[i]));
      const auto state = disk->crash_state(events, variants[i]);
      const bool abort = (events + i) % 2 == 0;
      bool was_refused = false;
      try {
        recover_restore(*open_at_tree(*state), abort ? RecoverMode::abort : RecoverMode::finish, one_worker().control);
      } catch (const Error& error) {
        ASSERT_TRUE(abort && error.kind() == ErrorKind::refused) << error.what();
        was_refused = true;
        ++refused;
        recover_restore(*open_at_tree(*state), RecoverMode::finish, one_worker().control);
      }
      const TreeDescription tree = user_tree(*state);
      ASSERT_TRUE(tree == new_tree || (tree == old_tree && !was_refused));
      ++states;
    }
  std::cout << "T1 restore without saving: " << states << " states, " << refused << " taken back in vain\n";
  EXPECT_GT(refused, 0U);
}

}  // namespace
}  // namespace metamori::test
