// The tiers of change detection against the plain reference: after any edits, what a checkpoint with stat cache and fingerprints finds is
// what reading, cutting and hashing everything finds.

#include <gtest/gtest.h>

#include <random>

#include "tests/support/engine_world.hpp"
#include "tests/support/scale.hpp"

namespace metamori::test {
namespace {

class Editor {
 public:
  explicit Editor(std::uint64_t seed) : random_(seed) {}
  std::size_t below(std::size_t limit) { return limit == 0 ? 0 : static_cast<std::size_t>(random_() % limit); }

  Bytes noise(std::size_t size) {
    Bytes bytes(size);
    // Sometimes of few values, so that runs and repeats occur.
    const bool plain = below(4) == 0;
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(plain ? 'a' + below(2) : random_());
    return bytes;
  }

  void edit(Bytes& file) {
    const std::size_t at = below(file.size() + 1);
    const auto begin = file.begin() + static_cast<std::ptrdiff_t>(at);
    const std::size_t length = std::min(file.size() - at, below(3) == 0 ? below(60'000) : below(200));
    const auto end = begin + static_cast<std::ptrdiff_t>(length);
    switch (below(6)) {
      case 0: {
        const Bytes bytes = noise(length);
        std::copy(bytes.begin(), bytes.end(), begin);
        break;
      }
      case 1: {
        const Bytes bytes = noise(below(5'000));
        file.insert(begin, bytes.begin(), bytes.end());
        break;
      }
      case 2:
        file.erase(begin, end);
        break;
      case 3: {
        const Bytes bytes = noise(below(100'000));
        file.insert(file.end(), bytes.begin(), bytes.end());
        break;
      }
      case 4:
        file.resize(at);
        break;
      default:
        std::fill(begin, end, std::byte{0});
        break;
    }
  }

 private:
  std::mt19937_64 random_;
};

/// Writes `file`, leaving whole pages of zeros out as holes if told to.
void store(SimSystem& disk, const std::string& path, const Bytes& file, bool sparse) {
  disk.write_file(path, ByteView());
  const int fd = disk.open_at(AT_FDCWD, path.c_str(), O_WRONLY, 0);
  for (std::size_t at = 0; at < file.size(); at += 4096) {
    const ByteView page = ByteView(file).subspan(at, std::min<std::size_t>(4096, file.size() - at));
    if (sparse && std::all_of(page.begin(), page.end(), [](std::byte byte) { return byte == std::byte{0}; })) continue;
    disk.write_at(fd, page, at);
  }
  disk.truncate(fd, file.size());
  disk.close(fd);
}

ChunkId reference_root(SimSystem& disk) {
  const auto engine = open_at_tree(disk);
  ScratchChunks scratch(*engine->store);
  ScanOptions options;
  options.check = CheckMode::content;
  options.is_kept = false;
  options.control.jobs = 1;
  TreeScan scan(*engine, {scratch, scratch}, options);
  return scan.run().root;
}

TEST(ScanEdits, P9TiersFindWhatReadingEverythingFinds) {
  const std::uint64_t rounds = 6 * test_scale();
  std::uint64_t less_hashed = 0;
  for (std::uint64_t seed = 1; seed <= rounds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Editor editor(seed);
    SimSystem disk;
    disk.make_directories(kTree);
    init_at_tree(disk);
    std::vector<Bytes> files{editor.noise(700'000), editor.noise(90'000), {}};
    for (int step = 0; step < 15; ++step) {
      const std::size_t which = editor.below(files.size());
      if (step > 0) editor.edit(files[which]);
      for (std::size_t file = 0; file < files.size(); ++file)
        if (step == 0 || file == which) store(disk, std::string(kTree) + "/f" + std::to_string(file), files[file], seed % 2 == 0);
      disk.advance_clock(10'000'000'000);
      CheckpointOptions options = one_worker();
      options.control.jobs = seed % 3 == 0 ? 3 : 1;
      const auto report = checkpoint(disk, options);
      ASSERT_EQ(report.checkpoint.root, reference_root(disk)) << "step " << step;
      const auto engine = open_at_tree(disk);
      for (std::size_t file = 0; file < files.size(); ++file)
        ASSERT_EQ(checkpointed_tree(*engine, report.checkpoint.number).at("f" + std::to_string(file)).content, files[file]);
      less_hashed += report.bytes_added < report.bytes_read / 2 ? 1 : 0;
    }
  }
  EXPECT_GT(less_hashed, rounds);
}

TEST(ScanEdits, P9ChunksThatMoveAcrossTheOffsetWhereTheyGrowAreCutAnew) {
  constexpr std::size_t kBoundary = 16U << 20;
  Editor editor(1);
  SimSystem disk;
  disk.make_directories(kTree);
  init_at_tree(disk);
  Bytes file = editor.noise(kBoundary + 600'000);
  const std::string path = std::string(kTree) + "/f";
  for (const std::size_t at : {std::size_t{0}, std::size_t{1'000}, kBoundary - 400'000, kBoundary - 100}) {
    const Bytes inserted = editor.noise(at == 0 ? 0 : 300'000);
    file.insert(file.begin() + static_cast<std::ptrdiff_t>(at), inserted.begin(), inserted.end());
    disk.write_file(path, file);
    disk.advance_clock(10'000'000'000);
    const auto report = checkpoint(disk);
    ASSERT_EQ(report.checkpoint.root, reference_root(disk)) << "inserted at " << at;
    if (at > 0) {
      EXPECT_LT(report.bytes_added, 3'000'000U);
    }
  }
  file.erase(file.begin() + 500, file.begin() + 500'000);
  disk.write_file(path, file);
  disk.advance_clock(10'000'000'000);
  ASSERT_EQ(checkpoint(disk).checkpoint.root, reference_root(disk));
}

}  // namespace
}  // namespace metamori::test
