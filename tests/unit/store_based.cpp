// Chunks held as what differs from published ones.

#include <gtest/gtest.h>

#include "tests/unit/store_fixture.hpp"

namespace metamori::test {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kChunk = 60'000;

class BasedChunks : public ::testing::Test {
 protected:
  Bytes read(const ChunkId& id) {
    ChunkStore again(real_system(), repository.dirs);
    Bytes out;
    again.read(id, out);
    return out;
  }
  /// Stores one chunk in a pack of its own. Returns how many bytes that took.
  std::uint64_t put(const Bytes& raw, const BaseList& like = {}, Kind kind = Kind::data) {
    ChunkStore store(real_system(), repository.dirs);
    ChunkSession session(store);
    const ChunkId id = session.put(raw, kind, like);
    Bytes out;
    session.read(id, out);  // while it is in no published pack yet
    EXPECT_EQ(out, raw);
    session.flush();
    return session.totals().pack_bytes;
  }
  std::uint8_t depth_of(const Bytes& raw) {
    ChunkStore store(real_system(), repository.dirs);
    const auto where = store.index().find(sha256(raw), true);
    EXPECT_TRUE(where.has_value());
    return where ? where->depth : 0;
  }
  StoreDirs repository;
};

TEST_F(BasedChunks, AChangedPageCostsAPage) {
  const Bytes before = noise(kChunk, 1);
  put(before);
  Bytes after = before;
  const Bytes page = noise(4096, 2);
  std::copy(page.begin(), page.end(), after.begin() + 8192);
  EXPECT_LT(put(after, {{sha256(before)}, 0}), 4096U + 400);
  EXPECT_EQ(read(sha256(after)), after);
  EXPECT_EQ(depth_of(after), 1);
}

TEST_F(BasedChunks, AMovedCutCostsWhatChanged) {
  const std::vector<Bytes> before{noise(kChunk, 1), noise(kChunk, 2)};
  for (const Bytes& chunk : before) put(chunk);
  Bytes after(before[0].begin() + 20'000, before[0].end());
  after.insert(after.end(), before[1].begin(), before[1].begin() + 30'000);
  after[100] ^= std::byte{1};
  EXPECT_LT(put(after, {{sha256(before[0]), sha256(before[1])}, 20'000}), 500U);
  EXPECT_EQ(read(sha256(after)), after);
  EXPECT_EQ(depth_of(after), 2);
}

TEST_F(BasedChunks, TextThatGotLongerCostsWhatWasInserted) {
  const Bytes before = text(20'000, 1);
  put(before);
  Bytes after = before;
  const Bytes inserted = noise(300, 2);
  after.insert(after.begin() + 5'000, inserted.begin(), inserted.end());
  EXPECT_LT(put(after, {{sha256(before)}, 0}), 300U + 700);
  EXPECT_EQ(read(sha256(after)), after);
}

TEST_F(BasedChunks, ChainsEndAtTheFormatsDepth) {
  Bytes raw = noise(kChunk, 1);
  put(raw);
  for (int version = 1; version <= 40; ++version) {
    const BaseList like{{sha256(raw)}, 0};
    raw[static_cast<std::size_t>(version) * 1000] ^= std::byte{0xFF};
    put(raw, like);
    ASSERT_EQ(depth_of(raw), version % 17);
    ASSERT_EQ(read(sha256(raw)), raw);
  }
}

TEST_F(BasedChunks, WhatIsNotLikeItIsStoredWhole) {
  const Bytes before = noise(kChunk, 1);
  put(before);
  const Bytes other = noise(kChunk, 2);
  put(other, {{sha256(before)}, 0});
  EXPECT_EQ(depth_of(other), 0);
  const Bytes third = noise(kChunk, 3);
  put(third, {{sha256(noise(kChunk, 9))}, 0});  // there is no such chunk
  put(third, {{sha256(before)}, kChunk + 1});
  EXPECT_EQ(depth_of(third), 0);
}

TEST_F(BasedChunks, NothingRestsOnADamagedChunk) {
  const Bytes before = noise(kChunk, 1);
  put(before);
  const fs::path pack = fs::directory_iterator(repository.path("packs"))->path();
  Bytes bytes = read_file(pack);
  bytes[1000] ^= std::byte{1};
  write_file(pack, bytes);
  Bytes after = before;
  after[5] ^= std::byte{1};
  put(after, {{sha256(before)}, 0});
  EXPECT_EQ(depth_of(after), 0);
  EXPECT_EQ(read(sha256(after)), after);
}

TEST_F(BasedChunks, TheBasesPackIsReliedOn) {
  const Bytes before = noise(kChunk, 1);
  put(before);
  const fs::path pack = fs::directory_iterator(repository.path("packs"))->path();
  ChunkStore store(real_system(), repository.dirs);
  ChunkSession session(store);
  Bytes after = before;
  after[5] ^= std::byte{1};
  session.put(after, Kind::data, {{sha256(before)}, 0});
  session.flush();
  EXPECT_TRUE(session.packs_still_present());
  fs::remove(pack);
  EXPECT_FALSE(session.packs_still_present());
}

}  // namespace
}  // namespace metamori::test
