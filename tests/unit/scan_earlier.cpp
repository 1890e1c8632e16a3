// What was captured before spares work: only what differs is stored, wherever it has moved to.

#include <random>

#include "tests/unit/scan_world.hpp"

namespace metamori::test {
namespace {

constexpr std::size_t kSize = 3U << 20;

class Earlier : public ScanWorld {
 protected:
  Bytes noise(std::size_t size, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    Bytes bytes(size);
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
    return bytes;
  }
  void put(const Bytes& bytes) {
    disk.write_file(std::string(kTree) + "/f", bytes);
    settle();
  }
  /// Takes a checkpoint of `bytes` as the file's content. Returns the growth of the repository by it.
  std::uint64_t growth(const Bytes& bytes, std::uint32_t jobs = 1) {
    put(bytes);
    CheckpointOptions options = one_worker();
    options.control.jobs = jobs;
    const CheckpointReport report = checkpoint(disk, options);
    EXPECT_EQ(checkpointed_tree(*open_at_tree(disk), report.checkpoint.number).at("f").content, bytes);
    return report.bytes_added;
  }
};

TEST_F(Earlier, AnInsertionCostsWhatWasInserted) {
  Bytes file = noise(kSize, 1);
  growth(file);
  const Bytes inserted = noise(1000, 2);
  file.insert(file.begin() + 50'000, inserted.begin(), inserted.end());
  EXPECT_LT(growth(file, 3), 100'000U);
  file.erase(file.begin() + 200'000, file.begin() + 1'500'000);
  EXPECT_LT(growth(file, 3), 100'000U);
}

TEST_F(Earlier, ChangedPagesCostPagesCheckpointAfterCheckpoint) {
  Bytes file = noise(kSize, 1);
  growth(file);
  std::mt19937_64 random(3);
  std::uint64_t total = 0;
  constexpr int kRounds = 10;
  constexpr int kPages = 8;
  for (int round = 0; round < kRounds; ++round) {
    for (int page = 0; page < kPages; ++page) {
      const Bytes bytes = noise(4096, random());
      std::copy(bytes.begin(), bytes.end(), file.begin() + static_cast<std::ptrdiff_t>(random() % (kSize / 4096) * 4096));
    }
    total += growth(file);
  }
  EXPECT_LT(total, kRounds * kPages * 4096U * 3 / 2);
}

TEST_F(Earlier, RepeatedContentIsFoundWhereItIs) {
  Bytes file(kSize);  // every chunk has the same fingerprint
  growth(file);
  file.insert(file.begin() + 1000, std::byte{1});
  growth(file, 2);
  file.resize(kSize / 2);
  growth(file, 2);
}

TEST_F(Earlier, ReadingIsHeldBackToTheRateAskedFor) {
  constexpr std::int64_t kSeconds = 1'000'000'000;
  put(noise(kSize, 1));
  CheckpointOptions options = one_worker();
  options.control.rate_limit_bytes = kSize / 4;
  const std::int64_t before = disk.monotonic_ns();
  checkpoint(disk, options);
  const std::int64_t taken = disk.monotonic_ns() - before;
  EXPECT_GE(taken, 4 * kSeconds);
  EXPECT_LT(taken, 5 * kSeconds);
}

}  // namespace
}  // namespace metamori::test
