#include <gtest/gtest.h>

#include "objects/pack_layout.hpp"
#include "objects/pack_search.hpp"
#include "tests/unit/store_fixture.hpp"

namespace metamori::test {
namespace {

/// Appends a chunk alone in its frame.
ChunkId append(PackWriter& writer, const Bytes& raw) {
  FrameEncoder encoder;
  ByteWriter out;
  const ChunkId id = sha256(raw);
  encoder.plain(id, Kind::data, raw, out);
  writer.append(out.view(), {{id, 0, static_cast<std::uint32_t>(raw.size()), 0, 0, Kind::data}});
  return id;
}

TEST(Pack, WhatWasAppendedIsFoundAfterPublishing) {
  StoreDirs repository;
  PackWriter writer(real_system(), repository.dirs.tmp.get(), repository.dirs.packs.get());
  std::vector<ChunkId> ids;
  for (std::uint64_t i = 0; i < 300; ++i) ids.push_back(append(writer, noise(10'000 + i, i)));  // several buffers full
  EXPECT_EQ(repository.count("packs"), 0U);
  const PackName name = writer.publish();
  EXPECT_EQ(repository.count("tmp"), 0U);
  EXPECT_EQ(list_packs(real_system(), repository.dirs.packs.get()), std::vector<PackName>{name});
  const auto reader = PackReader::open(real_system(), repository.dirs.packs.get(), name);
  EXPECT_EQ(reader->entry_count(), ids.size());
  EXPECT_EQ(reader->file_bytes(), writer.bytes_written());
  for (std::uint64_t i = 0; i < ids.size(); ++i) {
    const auto entry = reader->find(ids[i]);
    ASSERT_TRUE(entry);
    Bytes out;
    decode_frame(reader->frame(entry->offset), {}, true, out, "test");
    EXPECT_EQ(out, noise(10'000 + i, i));
  }
  EXPECT_FALSE(reader->find(sha256(noise(3, 3))));
  std::size_t frames = 0;
  reader->for_each_frame([&](std::uint64_t, ByteView) { ++frames; });
  EXPECT_EQ(frames, ids.size());
}

TEST(Pack, FramesCanBeReadBackBeforePublishing) {
  StoreDirs repository;
  PackWriter writer(real_system(), repository.dirs.tmp.get(), repository.dirs.packs.get());
  FrameEncoder encoder;
  std::vector<std::pair<std::uint64_t, Bytes>> written;
  for (std::uint64_t i = 0; i < 200; ++i) {
    ByteWriter out;
    encoder.plain(sha256(noise(9000, i)), Kind::data, noise(9000, i), out);
    written.emplace_back(writer.append(out.view(), {}), Bytes(out.view().begin(), out.view().end()));
    for (const auto& [offset, frame] : {written.front(), written.back()}) {
      Bytes back;
      writer.read_frame(offset, back);
      ASSERT_EQ(back, frame);
    }
  }
}

TEST(Pack, AnAbandonedPackLeavesNothing) {
  StoreDirs repository;
  {
    PackWriter writer(real_system(), repository.dirs.tmp.get(), repository.dirs.packs.get());
    append(writer, noise(2'000'000, 1));
    EXPECT_EQ(repository.count("tmp"), 1U);
  }
  EXPECT_EQ(repository.count("tmp") + repository.count("packs"), 0U);
}

TEST(Pack, EqualPacksAreOne) {
  StoreDirs repository;
  std::vector<PackName> names;
  for (int i = 0; i < 2; ++i) {
    PackWriter writer(real_system(), repository.dirs.tmp.get(), repository.dirs.packs.get());
    append(writer, text(5000, 1));
    names.push_back(writer.publish());
  }
  EXPECT_EQ(names[0], names[1]);
  EXPECT_EQ(repository.count("packs"), 1U);
  EXPECT_EQ(repository.count("tmp"), 0U);
}

TEST(Pack, AChunkAppendedTwiceIsListedOnce) {
  StoreDirs repository;
  PackWriter writer(real_system(), repository.dirs.tmp.get(), repository.dirs.packs.get());
  append(writer, noise(100, 1));
  append(writer, noise(100, 1));
  const auto reader = PackReader::open(real_system(), repository.dirs.packs.get(), writer.publish());
  EXPECT_EQ(reader->entry_count(), 1U);
  EXPECT_EQ(reader->frame_count(), 2U);
}

/// A small pack's bytes, made by the writer.
Bytes small_pack(StoreDirs& repository, PackName& name) {
  PackWriter writer(real_system(), repository.dirs.tmp.get(), repository.dirs.packs.get());
  append(writer, noise(200, 1));
  append(writer, text(900, 2));
  append(writer, float_walk(800, 3));
  name = writer.publish();
  return read_file(repository.path("packs") / pack_file_name(name));
}

void use_fully(int packs_dir, const PackName& name) {
  const auto reader = PackReader::open(real_system(), packs_dir, name);
  reader->for_each_frame([&](std::uint64_t, ByteView frame) {
    Bytes out;
    decode_frame(frame, {}, true, out, "test");
  });
}

TEST(Pack, EveryFlippedByteIsNoticed) {
  StoreDirs repository;
  PackName name;
  Bytes bytes = small_pack(repository, name);
  const auto path = repository.path("packs") / pack_file_name(name);
  use_fully(repository.dirs.packs.get(), name);
  for (std::byte& byte : bytes) {
    byte ^= std::byte{0x04};
    write_file(path, bytes);
    EXPECT_TRUE(is_corrupt([&] { use_fully(repository.dirs.packs.get(), name); })) << (&byte - bytes.data());
    byte ^= std::byte{0x04};
  }
}

TEST(Pack, EveryTruncationIsNoticed) {
  StoreDirs repository;
  PackName name;
  const Bytes bytes = small_pack(repository, name);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    write_file(repository.path("packs") / pack_file_name(name), ByteView(bytes).first(size));
    EXPECT_TRUE(is_corrupt([&] { PackReader::open(real_system(), repository.dirs.packs.get(), name); })) << size;
  }
}

TEST(Pack, APackUnderAnotherNameIsRefused) {
  StoreDirs repository;
  PackName name;
  const Bytes bytes = small_pack(repository, name);
  const PackName other = sha256(bytes);
  write_file(repository.path("packs") / pack_file_name(other), bytes);
  EXPECT_TRUE(is_corrupt([&] { PackReader::open(real_system(), repository.dirs.packs.get(), other); }));
}

TEST(Pack, SalvageFindsTheIntactFrames) {
  StoreDirs repository;
  PackName name;
  Bytes bytes = small_pack(repository, name);
  const auto frames_in = [](ByteView file) {
    std::vector<std::uint64_t> offsets;
    salvage_pack(file, [&](std::uint64_t offset, ByteView) { offsets.push_back(offset); });
    return offsets;
  };
  const auto all = frames_in(bytes);
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(frames_in(ByteView(bytes).first(all[2] + 10)), std::vector<std::uint64_t>(all.begin(), all.begin() + 2));
  bytes[all[0] + 12] ^= std::byte{1};  // a length: the walk has to find its way again
  EXPECT_EQ(frames_in(bytes), std::vector<std::uint64_t>(all.begin() + 1, all.end()));
}

TEST(Pack, OtherFilesAreIgnored) {
  StoreDirs repository;
  for (const std::string& name : std::vector<std::string>{"x.pack", std::string(64, 'g') + ".pack", std::string(64, 'A') + ".pack",
                                                          std::string(64, 'a'), std::string(64, 'a') + ".pack"})
    write_file(repository.path("packs") / name, {});
  EXPECT_EQ(list_packs(real_system(), repository.dirs.packs.get()).size(), 1U);
}

TEST(PackSearch, FindsThePlaceWhateverTheIds) {
  std::mt19937_64 random(1);
  for (const std::size_t count : {0U, 1U, 2U, 9U, 100U, 5000U}) {
    for (int sort = 0; sort < 3; ++sort) {
      std::vector<ChunkId> ids(count);
      for (std::size_t i = 0; i < count; ++i) {
        ids[i] = sha256(as_bytes(std::to_string(i)));
        if (sort == 1) std::fill_n(ids[i].bytes.begin(), 8, std::byte{0x77});                             // all prefixes equal
        if (sort == 2) std::fill_n(ids[i].bytes.begin(), i % 8, i % 2 ? std::byte{0xFF} : std::byte{0});  // heaped up at both ends
      }
      std::sort(ids.begin(), ids.end());
      for (int probe = 0; probe < 2000; ++probe) {
        const ChunkId wanted = count != 0 && probe % 2 ? ids[random() % count] : sha256(as_bytes("x" + std::to_string(probe)));
        const auto expected = static_cast<std::size_t>(std::lower_bound(ids.begin(), ids.end(), wanted) - ids.begin());
        ASSERT_EQ(lower_bound_id(count, wanted, [&](std::size_t i) { return ids[i].bytes.data(); }), expected);
      }
    }
  }
}

}  // namespace
}  // namespace metamori::test
