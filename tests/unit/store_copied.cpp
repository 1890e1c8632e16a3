// Frames of another repository, taken as they are.

#include <gtest/gtest.h>

#include "objects/frame_layout.hpp"
#include "tests/unit/store_fixture.hpp"

namespace metamori::test {
namespace {

constexpr std::size_t kChunk = 60'000;

class CopiedFrames : public ::testing::Test {
 protected:
  static void put(StoreDirs& repository, const std::vector<Bytes>& chunks, const BaseList& like = {}) {
    ChunkStore store(real_system(), repository.dirs);
    ChunkSession session(store);
    for (const Bytes& raw : chunks) session.put(raw, Kind::data, like);
    session.flush();
  }
  static Bytes read(ChunkSource& source, const ChunkId& id) {
    Bytes out;
    source.read(id, out);
    return out;
  }
  /// Gives the frame that holds `raw` in the source to the session.
  bool copy(ChunkSession& session, const Bytes& raw) {
    const auto where = from_store.index().find(sha256(raw), true);
    const ByteView frame = where->pack->frame(where->offset);
    std::vector<PackEntry> members(decode_frame_header(frame, "source").member_count);
    for (std::uint64_t i = 0; i < where->pack->entry_count(); ++i)
      if (const PackEntry entry = where->pack->entry(i); entry.offset == where->offset) members[entry.member] = entry;
    return session.put_frame(frame, members);
  }
  static std::uint16_t depth_of(StoreDirs& repository, const Bytes& raw) {
    ChunkStore store(real_system(), repository.dirs);
    const auto where = store.index().find(sha256(raw), true);
    return decode_frame_header(where->pack->frame(where->offset), "target").depth;
  }
  /// `raw` with a page of its own.
  static Bytes changed(Bytes raw, std::uint64_t seed) {
    const Bytes page = noise(1000, seed);
    std::copy(page.begin(), page.end(), raw.begin() + static_cast<std::ptrdiff_t>(1000 * (seed % 50)));
    return raw;
  }
  StoreDirs from, to;
  ChunkStore from_store{real_system(), from.dirs};
};

TEST_F(CopiedFrames, AGroupComesAsItIs) {
  const std::vector<Bytes> small{text(500, 1), text(700, 2), text(900, 3)};
  put(from, small);
  ChunkStore store(real_system(), to.dirs);
  ChunkSession session(store);
  ASSERT_TRUE(copy(session, small[1]));
  for (const Bytes& raw : small) EXPECT_EQ(read(session, sha256(raw)), raw);
  EXPECT_FALSE(copy(session, small[2])) << "it is stored once";
  session.flush();
  EXPECT_EQ(session.totals().chunks_new, 3U);
  ChunkStore again(real_system(), to.dirs);
  for (const Bytes& raw : small) EXPECT_EQ(read(again, sha256(raw)), raw);
}

TEST_F(CopiedFrames, APatchNeedsWhatItRestsOn) {
  const Bytes base = noise(kChunk, 1);
  const Bytes after = changed(base, 2);
  put(from, {base});
  put(from, {after}, {{sha256(base)}, 0});
  ChunkStore store(real_system(), to.dirs);
  ChunkSession session(store);
  EXPECT_FALSE(copy(session, after));
  EXPECT_FALSE(session.find_depth(sha256(after)));
  ASSERT_TRUE(copy(session, base));
  ASSERT_TRUE(copy(session, after));
  EXPECT_EQ(session.find_depth(sha256(after)), 1);
  EXPECT_EQ(read(session, sha256(after)), after) << "its base is in no published pack yet";
  session.flush();
  EXPECT_EQ(session.find_depth(sha256(after)), 1);
  ChunkStore again(real_system(), to.dirs);
  EXPECT_EQ(read(again, sha256(after)), after);
}

TEST_F(CopiedFrames, DepthIsThatOfTheBasesHere) {
  const Bytes base = noise(kChunk, 1);
  const Bytes other = changed(base, 2);
  const Bytes after = changed(base, 3);
  put(from, {base});
  put(from, {after}, {{sha256(base)}, 0});
  // Here the base rests on another chunk.
  put(to, {other});
  put(to, {base}, {{sha256(other)}, 0});
  ASSERT_EQ(depth_of(to, base), 1);
  ChunkStore store(real_system(), to.dirs);
  ChunkSession session(store);
  ASSERT_TRUE(copy(session, after));
  session.flush();
  EXPECT_EQ(depth_of(to, after), 2);
  ChunkStore again(real_system(), to.dirs);
  EXPECT_EQ(read(again, sha256(after)), after);
}

TEST_F(CopiedFrames, TooLongAChainIsRefused) {
  Bytes last = noise(kChunk, 1);
  put(to, {last});
  for (std::uint64_t i = 1; i <= kMaxDeltaDepth; ++i) {
    const Bytes next = changed(last, i);
    put(to, {next}, {{sha256(last)}, 0});
    last = next;
  }
  ASSERT_EQ(depth_of(to, last), kMaxDeltaDepth);
  const Bytes after = changed(last, 40);
  put(from, {last});
  put(from, {after}, {{sha256(last)}, 0});
  ChunkStore store(real_system(), to.dirs);
  ChunkSession session(store);
  EXPECT_FALSE(copy(session, after));
}

TEST_F(CopiedFrames, ADamagedFrameIsRefused) {
  const Bytes raw = noise(kChunk, 1);
  put(from, {raw});
  const auto where = from_store.index().find(sha256(raw), true);
  const ByteView sound = where->pack->frame(where->offset);
  Bytes frame(sound.begin(), sound.end());
  frame.back() ^= std::byte{1};
  ChunkStore store(real_system(), to.dirs);
  ChunkSession session(store);
  EXPECT_TRUE(is_corrupt([&] { session.put_frame(frame, std::vector<PackEntry>{*where->pack->find(sha256(raw))}); }));
}

}  // namespace
}  // namespace metamori::test
