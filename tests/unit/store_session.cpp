#include <gtest/gtest.h>

#include <thread>

#include "tests/unit/store_fixture.hpp"

namespace metamori::test {
namespace {

namespace fs = std::filesystem;

Bytes read_from(ChunkSource& source, const ChunkId& id) {
  Bytes out;
  source.read(id, out);
  return out;
}

/// Chunks of many sizes and sorts.
Bytes sample(std::uint64_t i) {
  const std::size_t size = 1 + i * 7919 % 40'000;
  return i % 3 == 0 ? noise(size, i) : i % 3 == 1 ? text(size, i) : float_walk(size, i);
}

TEST(ChunkSession, ChunksAreReadBeforeAndAfterFlush) {
  StoreDirs repository;
  ChunkStore store(real_system(), repository.dirs);
  ChunkSession session(store);
  std::vector<ChunkId> ids;
  for (std::uint64_t i = 0; i < 200; ++i) {
    ids.push_back(session.put(sample(i), static_cast<Kind>(i % 4)));
    ASSERT_EQ(ids.back(), sha256(sample(i)));
    ASSERT_EQ(read_from(session, ids.back()), sample(i));
    ASSERT_EQ(read_from(session, ids[i / 2]), sample(i / 2));
  }
  EXPECT_EQ(repository.count("packs"), 0U);
  session.flush();
  EXPECT_EQ(repository.count("packs"), 1U);
  EXPECT_EQ(repository.count("tmp"), 0U);
  EXPECT_EQ(session.published().size(), 1U);
  EXPECT_TRUE(session.packs_still_present());
  ChunkStore again(real_system(), repository.dirs);
  for (std::uint64_t i = 0; i < ids.size(); ++i) {
    ASSERT_EQ(read_from(session, ids[i]), sample(i));
    ASSERT_EQ(read_from(again, ids[i]), sample(i));
    ASSERT_EQ(again.find_length(ids[i]), sample(i).size());
  }
}

TEST(ChunkSession, AChunkIsStoredOnce) {
  StoreDirs repository;
  ChunkStore store(real_system(), repository.dirs);
  ChunkSession session(store);
  for (int round = 0; round < 3; ++round) {
    for (std::uint64_t i = 0; i < 20; ++i) session.put(sample(i), Kind::data);
    if (round == 1) session.flush();
  }
  EXPECT_EQ(session.totals().chunks_put, 60U);
  EXPECT_EQ(session.totals().chunks_new, 20U);
  session.flush();
  EXPECT_EQ(repository.count("packs"), 1U);
  ChunkSession other(store);
  other.put(sample(3), Kind::data);
  other.flush();
  EXPECT_EQ(other.totals().chunks_new, 0U);
  EXPECT_EQ(repository.count("packs"), 1U);
  EXPECT_EQ(repository.count("tmp"), 0U);
}

TEST(ChunkSession, WhatIsNotFlushedLeavesNothing) {
  StoreDirs repository;
  ChunkStore store(real_system(), repository.dirs);
  ChunkId id;
  {
    ChunkSession session(store);
    for (std::uint64_t i = 0; i < 100; ++i) id = session.put(sample(i), Kind::data);
  }
  EXPECT_EQ(repository.count("packs") + repository.count("tmp"), 0U);
  EXPECT_TRUE(is_corrupt([&] { read_from(store, id); }));
}

TEST(ChunkSession, FullPacksAreSplitAndStayReadable) {
  StoreDirs repository;
  ChunkStore store(real_system(), repository.dirs);
  ChunkSession session(store, {.pack_bytes = 300'000, .pack_entries = 1000, .group_member_bytes = 16384, .group_bytes = 65536});
  std::vector<ChunkId> ids;
  for (std::uint64_t i = 0; i < 200; ++i) {
    ids.push_back(session.put(sample(i), Kind::data));
    ASSERT_EQ(read_from(session, ids[i / 3]), sample(i / 3));
  }
  for (std::uint64_t i = 0; i < 200; ++i) session.put(sample(i), Kind::data);
  EXPECT_EQ(session.totals().chunks_new, 200U);
  EXPECT_GT(repository.count("tmp"), 2U);
  EXPECT_EQ(repository.count("packs"), 0U);
  session.flush();
  EXPECT_GT(repository.count("packs"), 2U);
  EXPECT_EQ(session.published().size(), repository.count("packs"));
  for (std::uint64_t i = 0; i < ids.size(); ++i) ASSERT_EQ(read_from(store, ids[i]), sample(i));
}

TEST(ChunkSession, SmallChunksShareFrames) {
  StoreDirs repository;
  ChunkStore store(real_system(), repository.dirs);
  ChunkSession session(store);
  for (std::uint64_t i = 0; i < 1000; ++i) session.put(text(300 + i, i), Kind::data);
  session.flush();
  const auto pack = PackReader::open(real_system(), repository.dirs.packs.get(), session.published().front());
  EXPECT_EQ(pack->entry_count(), 1000U);
  EXPECT_LE(pack->frame_count(), 5U);
}

TEST(ChunkSession, ThreadsPutAndReadTheSameChunks) {
  StoreDirs repository;
  ChunkStore store(real_system(), repository.dirs);
  ChunkSession session(store, {.pack_bytes = 1'000'000, .pack_entries = 1000, .group_member_bytes = 16384, .group_bytes = 32768});
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (std::uint64_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (std::uint64_t i = 0; i < 300; ++i) {
        const Bytes raw = sample((i + t * 5) % 300);
        const ChunkId id = session.put(raw, Kind::data);
        if (read_from(session, id) != raw) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(session.totals().chunks_new, 300U);
  session.flush();
  for (std::uint64_t i = 0; i < 300; ++i) ASSERT_EQ(read_from(store, sha256(sample(i))), sample(i));
}

TEST(ChunkSession, PacksThatVanishAreNoticedAndStoredAgain) {
  StoreDirs repository;
  ChunkStore store(real_system(), repository.dirs);
  ChunkSession first(store);
  const ChunkId id = first.put(sample(1), Kind::data);
  first.flush();
  ChunkSession second(store);
  second.put(sample(1), Kind::data);
  second.put(sample(2), Kind::data);
  EXPECT_TRUE(second.packs_still_present());
  fs::remove(repository.path("packs") / pack_file_name(first.published().front()));
  EXPECT_FALSE(second.packs_still_present());
  second.put(sample(1), Kind::data);
  second.flush();
  EXPECT_TRUE(second.packs_still_present());
  ChunkStore again(real_system(), repository.dirs);
  EXPECT_EQ(read_from(again, id), sample(1));
}

TEST(ChunkSession, ChunksOfADamagedPackAreStoredAgain) {
  StoreDirs repository;
  PackName bad;
  {
    ChunkStore store(real_system(), repository.dirs);
    ChunkSession session(store);
    session.put(sample(1), Kind::data);
    session.flush();
    bad = session.published().front();
  }
  const auto path = repository.path("packs") / pack_file_name(bad);
  Bytes bytes = read_file(path);
  bytes.back() ^= std::byte{1};
  write_file(path, bytes);
  ChunkStore store(real_system(), repository.dirs);
  ChunkSession session(store);
  session.put(sample(1), Kind::data);
  session.put(sample(2), Kind::data);
  session.flush();
  EXPECT_EQ(session.totals().chunks_new, 2U);
  EXPECT_EQ(read_from(store, sha256(sample(1))), sample(1));
}

/// Writes a frame into a pack of its own.
void put_frame(StoreDirs& repository, const ByteWriter& frame, const PackEntry& entry) {
  PackWriter writer(real_system(), repository.dirs.tmp.get(), repository.dirs.packs.get());
  writer.append(frame.view(), {entry});
  writer.publish();
}

/// A chain of deltas and patches in packs of their own; returns the versions.
std::vector<Bytes> put_chain(StoreDirs& repository, std::uint16_t depth_max) {
  std::vector<Bytes> versions{noise(20'000, 1)};
  FrameEncoder encoder;
  ByteWriter first;
  encoder.plain(sha256(versions[0]), Kind::data, versions[0], first);
  put_frame(repository, first, {sha256(versions[0]), 0, 20'000, 0, 0, Kind::data});
  for (std::uint16_t depth = 1; depth <= depth_max; ++depth) {
    Bytes next = versions.back();
    next[depth * 100U] ^= std::byte{0xFF};
    ByteWriter out;
    const bool made = depth % 2 ? encoder.delta(sha256(next), Kind::data, next, on_base(versions.back(), depth), out)
                                : encoder.patch(sha256(next), Kind::data, next, on_base(versions.back(), depth), out);
    EXPECT_TRUE(made);
    put_frame(repository, out, {sha256(next), 0, 20'000, 0, static_cast<std::uint8_t>(depth), Kind::data});
    versions.push_back(std::move(next));
  }
  return versions;
}

TEST(ChunkStore, DeltaChainsAcrossPacksAreFollowed) {
  StoreDirs repository;
  const auto versions = put_chain(repository, kMaxDeltaDepth);
  ChunkStore store(real_system(), repository.dirs);
  for (const Bytes& version : versions) EXPECT_EQ(read_from(store, sha256(version)), version);
}

TEST(ChunkStore, TwoDeltasOfEachOtherWithWholeCopiesElsewhereAreRead) {
  StoreDirs repository;
  const Bytes a = noise(20'000, 1);
  Bytes b = a;
  b[7] ^= std::byte{1};
  FrameEncoder encoder;
  for (const auto& [raw, base] : {std::pair(a, b), std::pair(b, a)}) {
    ByteWriter whole;
    encoder.plain(sha256(base), Kind::data, base, whole);
    put_frame(repository, whole, {sha256(base), 0, 20'000, 0, 0, Kind::data});
    ByteWriter delta;
    ASSERT_TRUE(encoder.delta(sha256(raw), Kind::data, raw, on_base(base, 1), delta));
    put_frame(repository, delta, {sha256(raw), 0, 20'000, 0, 1, Kind::data});
  }
  ChunkStore store(real_system(), repository.dirs);
  EXPECT_EQ(read_from(store, sha256(a)), a);
  EXPECT_EQ(read_from(store, sha256(b)), b);
}

TEST(ChunkStore, ARingOfDeltasIsCorrupt) {
  StoreDirs repository;
  const Bytes a = noise(20'000, 1);
  Bytes b = a;
  b[7] ^= std::byte{1};
  FrameEncoder encoder;
  for (const auto& [raw, base] : {std::pair(a, b), std::pair(b, a)}) {
    ByteWriter delta;
    ASSERT_TRUE(encoder.delta(sha256(raw), Kind::data, raw, on_base(base, 1), delta));
    put_frame(repository, delta, {sha256(raw), 0, 20'000, 0, 1, Kind::data});
  }
  ChunkStore store(real_system(), repository.dirs);
  EXPECT_TRUE(is_corrupt([&] { read_from(store, sha256(a)); }));
}

TEST(ChunkStore, EveryFlippedByteOfAPackGivesCorruptOrTheRightBytes) {
  StoreDirs repository;
  std::vector<Bytes> chunks{noise(100, 1), text(400, 2), text(300, 3), text(20'000, 4)};
  PackName name;
  {
    ChunkStore store(real_system(), repository.dirs);
    ChunkSession session(store);
    for (const Bytes& chunk : chunks) session.put(chunk, Kind::data);
    session.flush();
    name = session.published().front();
  }
  const auto path = repository.path("packs") / pack_file_name(name);
  Bytes bytes = read_file(path);
  std::size_t refused = 0;
  for (std::size_t i = 0; i < bytes.size(); i += i < 1500 || i + 400 > bytes.size() ? 1 : 29) {
    bytes[i] ^= std::byte{0x08};
    write_file(path, bytes);
    ChunkStore store(real_system(), repository.dirs);
    for (const Bytes& chunk : chunks) {
      const auto read = [&] { ASSERT_EQ(read_from(store, sha256(chunk)), chunk) << i; };
      if (is_corrupt(read)) ++refused;
    }
    bytes[i] ^= std::byte{0x08};
  }
  EXPECT_GT(refused, 1000U);
}

TEST(ChunkStore, ADamagedFrameIsNamedAndAnotherCopyUsed) {
  StoreDirs repository;
  const Bytes raw = noise(30'000, 1);
  FrameEncoder encoder;
  ByteWriter frame;
  encoder.plain(sha256(raw), Kind::data, raw, frame);
  const PackEntry entry{sha256(raw), 0, 30'000, 0, 0, Kind::data};
  put_frame(repository, frame, entry);
  const auto path = fs::directory_iterator(repository.path("packs"))->path();
  Bytes bytes = read_file(path);
  bytes[5000] ^= std::byte{1};
  write_file(path, bytes);
  try {
    ChunkStore store(real_system(), repository.dirs);
    read_from(store, sha256(raw));
    FAIL() << "damage went unnoticed";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::corrupt);
    EXPECT_NE(std::string(error.what()).find(path.filename().string()), std::string::npos);
    EXPECT_NE(std::string(error.what()).find(to_hex(sha256(raw))), std::string::npos);
  }
  PackWriter writer(real_system(), repository.dirs.tmp.get(), repository.dirs.packs.get());
  ByteWriter more;
  encoder.plain(sha256(to_bytes("x")), Kind::data, to_bytes("x"), more);
  writer.append(more.view(), {{sha256(to_bytes("x")), 0, 1, 0, 0, Kind::data}});
  writer.append(frame.view(), {entry});
  writer.publish();
  ChunkStore store(real_system(), repository.dirs);
  EXPECT_EQ(read_from(store, sha256(raw)), raw);
}

}  // namespace
}  // namespace metamori::test
