// P15: repair only adds and quarantines; after it verify tells the truth, and everything works again. Every kind of damage, and random
// ones.

#include <gtest/gtest.h>

#include <random>

#include "core/gc.hpp"
#include "core/looking.hpp"
#include "tests/damage/mended.hpp"
#include "tests/support/count.hpp"
#include "tests/support/scale.hpp"
#include "tests/support/violation.hpp"

namespace metamori::test {
namespace {

class RepairDamage : public ::testing::Test {
 protected:
  void SetUp() override { world = make_damage_world(); }

  /// Repairs, and returns how many checkpoints are whole then; -1 after a failure.
  int check(SimSystem& disk, const std::string& what) {
    SCOPED_TRACE(what);
    const auto before = repository_files(disk);
    try {
      const RepairReport planned = mend(disk, true);
      if (repository_files(disk) != before) throw Violation{"a dry run changed something"};
      const RepairReport done = mend(disk);
      ++repairs;
      if (planned.actions.empty() && !done.actions.empty()) throw Violation{"a dry run says that there is nothing to do"};
      // Of a tag that was given later and is gone, nothing tells.
      if (done.actions.empty() && !affected_numbers(disk).empty()) throw Violation{"nothing was done"};
      return static_cast<int>(check_mended(disk, before, world.trees));
    } catch (const Violation& violation) {
      ADD_FAILURE() << violation.what;
    } catch (const Error& error) {
      ADD_FAILURE() << "an error: " << error.what();
    }
    return -1;
  }
  void print(const char* what) const { print_count(what, repairs); }

  DamageWorld world;
  std::uint64_t repairs = 0;
};

TEST_F(RepairDamage, ASoundRepositoryIsLeftAsItIs) {
  const auto before = repository_files(*world.disk);
  for (const bool dry_run : {true, false}) {
    const RepairReport report = mend(*world.disk, dry_run);
    EXPECT_TRUE(report.actions.empty()) << report.actions.front().where << ": " << report.actions.front().message;
    EXPECT_TRUE(report.remaining.empty());
    EXPECT_TRUE(report.quarantine.empty());
  }
  EXPECT_EQ(repository_files(*world.disk), before);
}

TEST_F(RepairDamage, P15FlippedBytes) {
  const std::uint64_t stride = test_scale() > 1 ? 101 / std::min<std::uint64_t>(test_scale(), 50) : 1511;
  std::uint64_t offset = 0;
  std::uint64_t whole = 0;
  for (const std::string& path : world.durable_files()) {
    const Bytes original = world.disk->read_file(path);
    const bool is_large = original.size() > stride;
    for (offset = is_large ? offset % stride : original.size() / 3; offset < original.size();
         offset += is_large ? stride : original.size()) {
      const auto disk = world.disk->copy();
      overwrite_byte(*disk, path, offset, original[offset] ^ std::byte{0x24});
      whole += static_cast<std::uint64_t>(check(*disk, path + " at " + std::to_string(offset)));
      if (HasFailure()) return;
    }
    offset += 17;
  }
  EXPECT_GE(repairs, 25U);
  EXPECT_GT(whole, repairs * 2);
  print("T7.repair.flips");
}

TEST_F(RepairDamage, P15EndsOfPacks) {
  for (const std::string& path : world.files({"packs"})) {
    const std::uint64_t size = world.disk->read_file(path).size();
    for (const std::uint64_t at : {std::uint64_t{3}, size - 70, size - 60, size - 10, size - 100}) {
      const auto disk = world.disk->copy();
      overwrite_byte(*disk, path, at, std::byte{0xEE});
      EXPECT_EQ(check(*disk, path + " at " + std::to_string(at)), static_cast<int>(world.trees.size()))
          << "header or index were lost, and nothing else";
    }
    for (const std::uint64_t left : {std::uint64_t{0}, std::uint64_t{40}, size / 2, size - 1}) {
      const auto disk = world.disk->copy();
      const Fd file(*disk, disk->open_at(AT_FDCWD, path.c_str(), O_RDWR, 0));
      ASSERT_EQ(disk->truncate(file.get(), left), 0);
      check(*disk, path + " cut to " + std::to_string(left));
    }
    const auto disk = world.disk->copy();
    ASSERT_EQ(disk->remove_file(AT_FDCWD, path.c_str()), 0);
    check(*disk, path + " is missing");
  }
  print("T7.repair.packs");
}

TEST_F(RepairDamage, P15MissingRecordsAndReferences) {
  for (const std::string& path : world.files({"checkpoints"})) {
    const auto disk = world.disk->copy();
    ASSERT_EQ(disk->remove_file(AT_FDCWD, path.c_str()), 0);
    check(*disk, path + " is missing");
  }
  for (const std::string& path : world.files({"checkpoints", "refs"})) {
    const auto disk = world.disk->copy();
    disk->write_file(path, std::string_view("rubbish that nothing can be made of"));
    check(*disk, path + " is rubbish");
  }
  print("T7.repair.records");
}

TEST_F(RepairDamage, P15SwappedFiles) {
  for (const char* const directory : {"packs", "checkpoints"}) {
    const auto paths = world.files({directory});
    for (std::size_t a = 0; a + 1 < paths.size(); ++a) {
      const auto disk = world.disk->copy();
      ASSERT_EQ(disk->rename(AT_FDCWD, paths[a].c_str(), AT_FDCWD, paths[a + 1].c_str(), RenameMode::exchange), 0);
      EXPECT_EQ(check(*disk, paths[a] + " swapped with " + paths[a + 1]), static_cast<int>(world.trees.size())) << "nothing was lost";
    }
  }
  print("T7.repair.swaps");
}

/// Several things at once: sectors of zeros, cut and missing files, in any of the repository's files.
TEST_F(RepairDamage, P15RandomDamage) {
  std::mt19937_64 random(4711);
  const std::uint64_t rounds = 12 * test_scale();
  std::uint64_t whole = 0;
  for (std::uint64_t round = 0; round < rounds && !HasFailure(); ++round) {
    const auto disk = world.disk->copy();
    std::vector<std::string> paths = world.durable_files();
    for (const std::string& path : world.files({"cache"})) paths.push_back(path);
    std::string what = "round " + std::to_string(round);
    for (std::uint64_t left = 1 + random() % 4; left > 0; --left) {
      const std::string path = paths[random() % paths.size()];
      if (!disk->exists(path)) continue;
      Bytes bytes = disk->read_file(path);
      const std::uint64_t kind = random() % 4;
      const std::size_t at = bytes.empty() ? 0 : random() % bytes.size();
      what += "; " + path + " " + std::to_string(kind) + " at " + std::to_string(at);
      if (kind == 0) {
        disk->remove_file(AT_FDCWD, path.c_str());
        continue;
      }
      if (kind == 1) bytes.resize(at);
      if (kind == 2)
        std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                  bytes.begin() + static_cast<std::ptrdiff_t>(std::min(bytes.size(), at + 512)), std::byte{0});
      if (kind == 3 && !bytes.empty()) bytes[at] ^= static_cast<std::byte>(1 + random() % 255);
      disk->write_file(path, ByteView(bytes));
    }
    const auto before = repository_files(*disk);
    if (before == repository_files(*world.disk)) continue;  // of caches alone
    whole += static_cast<std::uint64_t>(check(*disk, what));
  }
  EXPECT_GT(whole, 0U);
  print("T7.repair.random");
}

}  // namespace
}  // namespace metamori::test
