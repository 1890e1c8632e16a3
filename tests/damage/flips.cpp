// T7. P4: any changed byte of `format`, packs, records, references and of an unfinished restore is reported; a changed cache is never
// believed; no restore writes wrong bytes. P15: what the damage does not touch comes back.

#include <gtest/gtest.h>

#include <algorithm>

#include "core/looking.hpp"
#include "core/restore.hpp"
#include "tests/damage/damaged_world.hpp"
#include "tests/support/count.hpp"
#include "tests/support/scale.hpp"

namespace metamori::test {
namespace {

struct Counts {
  std::uint64_t changes = 0, undetected = 0, wrong = 0, whole = 0, refused = 0;
};

class Damage : public ::testing::Test {
 protected:
  void SetUp() override { world = make_damage_world(); }

  /// Whether opening or verifying tells of damage.
  static bool is_detected(SimSystem& disk) {
    try {
      VerifyOptions options;
      options.data = true;
      options.control.jobs = 1;
      return !verify(*open_at_tree(disk), options).ok();
    } catch (const Error& error) {
      return error.kind() == ErrorKind::corrupt || error.kind() == ErrorKind::unsupported;
    }
  }

  /// Restores a checkpoint to another directory: every byte that is there must be right.
  void check_restore(SimSystem& disk, std::uint64_t number, Counts& counts) const {
    RestoreOptions options;
    options.control.jobs = 1;
    options.revision = std::to_string(number);
    options.target = "/out" + options.revision;
    const TreeDescription& expected = world.trees.at(number);
    bool failed = false;
    try {
      const RestoreReport report = restore_checkpoint(*open_at_tree(disk), options);
      failed = !report.warnings.empty();
    } catch (const Error&) {
      failed = true;
    }
    ++(failed ? counts.refused : counts.whole);
    if (!disk.exists(*options.target)) {
      counts.wrong += failed ? 0 : 1;
      return;
    }
    const TreeDescription found = disk.tree(*options.target);
    bool is_right = failed || found == expected;
    for (const auto& [path, node] : found) {
      const auto wanted = expected.find(path);
      is_right =
          is_right && wanted != expected.end() && wanted->second.content == node.content && wanted->second.link_target == node.link_target;
    }
    if (is_right) return;
    ++counts.wrong;
    ADD_FAILURE() << "checkpoint " << number << " came back wrong, " << (failed ? "with" : "without") << " an error";
  }

  void check(SimSystem& disk, const std::string& what, Counts& counts) const {
    SCOPED_TRACE(what);
    ++counts.changes;
    if (!is_detected(disk)) {
      ++counts.undetected;
      ADD_FAILURE() << "not detected";
    }
    for (const auto& [number, tree] : world.trees) check_restore(disk, number, counts);
  }

  DamageWorld world;
};

TEST_F(Damage, TheRepositoryHasWhatIsToBeDamaged) {
  EXPECT_FALSE(is_detected(*world.disk));
  Counts counts;
  for (const auto& [number, tree] : world.trees) check_restore(*world.disk, number, counts);
  EXPECT_EQ(counts.refused, 0U);
  EXPECT_EQ(counts.wrong, 0U);
  EXPECT_GE(counts.whole, 4U);
  EXPECT_GE(world.files({"packs"}).size(), 4U);
  EXPECT_GE(world.files({"cache"}).size(), 2U);
}

TEST_F(Damage, T7P4EveryFlippedByteIsReportedAndNoneComesBack) {
  Counts counts;
  const std::uint64_t stride = test_scale() >= 37 ? 1 : 37 / test_scale();
  const std::size_t pattern_count = test_scale() > 1 ? 3 : 1;
  static constexpr unsigned kPatterns[] = {0x01, 0x80, 0xff};
  std::uint64_t offset = 0;
  for (const std::string& path : world.durable_files()) {
    const Bytes original = world.disk->read_file(path);
    for (offset %= stride; offset < original.size(); offset += stride)
      for (std::size_t i = 0; i < pattern_count; ++i) {
        const unsigned pattern = kPatterns[(offset / stride + i) % 3];
        const auto disk = world.disk->copy();
        overwrite_byte(*disk, path, offset, original[offset] ^ static_cast<std::byte>(pattern));
        check(*disk, path + " at " + std::to_string(offset) + " ^ " + std::to_string(pattern), counts);
        if (HasFailure()) return;
      }
    offset += 5;  // another phase in each file
  }
  print_count("T7.flips", counts.changes);
  EXPECT_GE(counts.changes, 300U);
}

TEST_F(Damage, T7TruncatedFilesAreReported) {
  Counts counts;
  for (const std::string& path : world.durable_files()) {
    const std::uint64_t size = world.disk->read_file(path).size();
    const std::uint64_t step = std::max<std::uint64_t>(1, size / (4 * test_scale()));
    for (std::uint64_t length = 0; length < size; length += step) {
      const auto disk = world.disk->copy();
      const Fd file(*disk, disk->open_at(AT_FDCWD, path.c_str(), O_RDWR, 0));
      ASSERT_EQ(disk->truncate(file.get(), length), 0);
      check(*disk, path + " cut to " + std::to_string(length), counts);
      if (HasFailure()) return;
    }
    const auto disk = world.disk->copy();
    const Fd file(*disk, disk->open_at(AT_FDCWD, path.c_str(), O_RDWR, 0));
    ASSERT_EQ(disk->truncate(file.get(), size + 1), 0);
    check(*disk, path + " one byte longer", counts);
    if (HasFailure()) return;
  }
  print_count("T7.truncations", counts.changes);
}

TEST_F(Damage, T7SwappedFilesAreReported) {
  Counts counts;
  for (const char* const directory : {"packs", "checkpoints"}) {
    const auto paths = world.files({directory});
    for (std::size_t a = 0; a < paths.size(); ++a)
      for (std::size_t b = a + 1; b < paths.size(); ++b) {
        const auto disk = world.disk->copy();
        ASSERT_EQ(disk->rename(AT_FDCWD, paths[a].c_str(), AT_FDCWD, paths[b].c_str(), RenameMode::exchange), 0);
        check(*disk, paths[a] + " swapped with " + paths[b], counts);
        if (HasFailure()) return;
      }
  }
  print_count("T7.swaps", counts.changes);
}

TEST_F(Damage, P15AMissingPackHidesOnlyWhatNeedsIt) {
  Counts counts;
  for (const std::string& path : world.files({"packs"})) {
    const auto disk = world.disk->copy();
    ASSERT_EQ(disk->remove_file(AT_FDCWD, path.c_str()), 0);
    check(*disk, path + " is missing", counts);
  }
  EXPECT_GT(counts.whole, 0U);
  print_count("T7.missing-packs", counts.changes);
}

TEST_F(Damage, T7P4AChangedCacheIsNeverBelieved) {
  std::uint64_t flips = 0;
  const std::uint64_t stride = test_scale() >= 61 ? 1 : 61 / test_scale();
  std::uint64_t offset = 0;
  const std::string changed = std::string(kTree) + "/plain";
  for (const std::string& path : world.files({"cache"})) {
    const Bytes original = world.disk->read_file(path);
    for (offset %= stride; offset < original.size(); offset += stride) {
      const auto disk = world.disk->copy();
      overwrite_byte(*disk, path, offset, original[offset] ^ std::byte{0x41});
      SCOPED_TRACE(path + " at " + std::to_string(offset));
      disk->write_file(changed, std::string_view("changed once more"));
      const auto number = checkpoint(*disk).checkpoint.number;
      const auto engine = open_at_tree(*disk);
      ASSERT_EQ(checkpointed_tree(*engine, number), without_link_counts(user_tree(*disk)));
      for (const auto& [old_number, tree] : world.trees) ASSERT_EQ(checkpointed_tree(*engine, old_number), without_link_counts(tree));
      ++flips;
    }
    offset += 7;
  }
  print_count("T7.cache-flips", flips);
  EXPECT_GE(flips, 50U);
}

/// An unfinished restore whose files are damaged: reported, and recovery either refuses or ends in all-old or all-new.
TEST_F(Damage, T7P4AnUnfinishedRestoreThatIsDamagedIsReported) {
  const PendingWorld pending = make_pending_world(*world.disk);
  std::uint64_t flips = 0, refused = 0;
  for (const std::string& path : files_below(*pending.disk, "restore")) {
    const Bytes original = pending.disk->read_file(path);
    const std::uint64_t stride = test_scale() > 1 ? 1 : std::max<std::uint64_t>(1, original.size() / 100);
    for (std::uint64_t offset = 0; offset < original.size(); offset += stride) {
      const auto disk = pending.disk->copy();
      overwrite_byte(*disk, path, offset, original[offset] ^ std::byte{0x10});
      SCOPED_TRACE(path + " at " + std::to_string(offset));
      EXPECT_TRUE(is_detected(*disk)) << "not detected";
      try {
        recover_restore(*open_at_tree(*disk), flips % 2 == 0 ? RecoverMode::finish : RecoverMode::abort, one_worker().control);
        const TreeDescription tree = user_tree(*disk);
        EXPECT_TRUE(tree == pending.old_tree || tree == pending.new_tree) << "neither old nor new";
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::corrupt) << error.what();
        ++refused;
      }
      ++flips;
      if (HasFailure()) return;
    }
  }
  print_count("T7.intent-flips", flips);
  EXPECT_GE(flips, 50U);
}

}  // namespace
}  // namespace metamori::test
