// Random trees, exported and imported: the root is the same, byte for byte.

#include <gtest/gtest.h>

#include <cstring>

#include "core/archive/export.hpp"
#include "core/archive/import.hpp"
#include "core/looking.hpp"
#include "tests/prop/engine_edits.hpp"
#include "tests/support/count.hpp"
#include "tests/support/scale.hpp"

namespace metamori::test {
namespace {

constexpr const char* kOther = "/other";
constexpr int kEdits = 60;

TEST(ArchiveRoundTrip, GivesTheSameRoot) {
  const std::uint64_t trees = 60 * test_scale();
  std::uint64_t entries = 0;
  for (std::uint64_t seed = 1; seed <= trees; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    SimSystem disk;
    for (const char* top : {kTree, kOther}) {
      disk.make_directories(top);
      init_at_tree(disk, top);
    }
    Chance chance(seed);
    RandomEdits edits(disk, chance);
    for (int i = 0; i < kEdits; ++i) edits.edit();
    const CheckpointReport taken = checkpoint(disk);
    Bytes archive;
    const ExportReport report =
        write_archive(*open_at_tree(disk), {}, [&](ByteView bytes) { archive.insert(archive.end(), bytes.begin(), bytes.end()); });
    std::size_t at = 0;
    const ImportReport back = read_archive(*open_at_tree(disk, kOther), {}, [&](std::byte* buffer, std::size_t size) {
      const std::size_t taken_bytes = std::min<std::size_t>({size, archive.size() - at, 1 + chance.below(30'000)});
      std::memcpy(buffer, archive.data() + at, taken_bytes);
      at += taken_bytes;
      return taken_bytes;
    });
    ASSERT_TRUE(report.warnings.empty() && back.warnings.empty());
    ASSERT_EQ(checkpointed_tree_and_top(*open_at_tree(disk, kOther), 1), checkpointed_tree_and_top(*open_at_tree(disk), 1));
    ASSERT_EQ(to_hex(back.checkpoint.root), to_hex(taken.checkpoint.root));
    entries += report.entries;
  }
  print_count("P6.archive.entries", entries);
  EXPECT_GE(entries, trees * 5);
}

/// A byte is changed, or the rest is missing: it is refused, with nothing published, or what it gives is a sound checkpoint.
TEST(ArchiveRoundTrip, DamagedOnesAreRefusedOrGiveSoundCheckpoints) {
  SimSystem disk;
  disk.make_directories(kTree);
  init_at_tree(disk);
  Chance chance(1);
  RandomEdits edits(disk, chance);
  for (int i = 0; i < kEdits; ++i) edits.edit();
  checkpoint(disk);
  Bytes archive;
  write_archive(*open_at_tree(disk), {}, [&](ByteView bytes) { archive.insert(archive.end(), bytes.begin(), bytes.end()); });
  std::uint64_t refused = 0;
  const std::uint64_t tries = 400 * test_scale();
  for (std::uint64_t i = 0; i < tries; ++i) {
    const std::uint64_t at_byte = chance.below(archive.size());
    SCOPED_TRACE("byte " + std::to_string(at_byte) + ", try " + std::to_string(i));
    Bytes damaged = archive;
    if (i % 4 == 0) {
      damaged.resize(at_byte);
    } else {
      damaged[at_byte] ^= static_cast<std::byte>(1 + chance.below(255));
    }
    SimSystem other;
    other.make_directories(kTree);
    init_at_tree(other);
    std::size_t at = 0;
    try {
      read_archive(*open_at_tree(other), {}, [&](std::byte* buffer, std::size_t size) {
        const std::size_t taken = std::min(size, damaged.size() - at);
        std::memcpy(buffer, damaged.data() + at, taken);
        at += taken;
        return taken;
      });
    } catch (const Error& error) {
      ASSERT_EQ(error.kind(), ErrorKind::usage) << error.what();
      ASSERT_EQ(open_at_tree(other)->log->highest(), 0U);
      ASSERT_TRUE(other.tree(std::string(kTree) + "/.metamori/packs").empty());
      ++refused;
      continue;
    }
    VerifyOptions options;
    options.data = true;
    options.control.jobs = 1;
    ASSERT_TRUE(verify(*open_at_tree(other), options).ok());
  }
  print_count("P13.archive.refused", refused);
  EXPECT_GE(refused, tries / 10);
}

}  // namespace
}  // namespace metamori::test
