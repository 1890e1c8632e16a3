// Random trees, exported and imported: the root is the same, byte for byte.

#include <gtest/gtest.h>

#include <cstring>

#include "core/archive/export.hpp"
#include "core/archive/import.hpp"
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

}  // namespace
}  // namespace metamori::test
