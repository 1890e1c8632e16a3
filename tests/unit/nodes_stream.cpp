#include <gtest/gtest.h>

#include <chrono>
#include <limits>

#include "support/node_models.hpp"

namespace metamori::test {
namespace {

template <class Call>
void expect_corrupt(Call call, std::string_view why) {
  try {
    call();
    ADD_FAILURE() << "accepted; expected: " << why;
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::corrupt);
    EXPECT_NE(std::string_view(error.what()).find(why), std::string_view::npos) << error.what();
  }
}

void read_all(ChunkSource& source, const StreamRef& ref) {
  for (ExtentCursor cursor(source, ref); cursor.current() != nullptr;) cursor.next();
}

struct ListMaker {
  ByteWriter out;
  ListMaker& item(const ChunkId& id, std::uint64_t span) {
    out.id(id);
    out.varint(span);
    return *this;
  }
};

TEST(StreamRef, TextAndBytesRefuseWhatIsNotCanonical) {
  const std::string hex = to_hex(id_of_number(1));
  EXPECT_EQ(stream_ref_text({}), "0:0:");
  EXPECT_EQ(stream_ref_from_text("2:70000000:" + hex), (StreamRef{2, 70000000, id_of_number(1)}));
  for (const std::string& text : std::vector<std::string>{"",
                                                          ":",
                                                          "::",
                                                          "0:0",
                                                          "1:0:",
                                                          "0:0:" + hex,
                                                          "0:1:",
                                                          "00:1:" + hex,
                                                          "0:01:" + hex,
                                                          "16:1:" + hex,
                                                          "256:1:" + hex,
                                                          "0:-1:" + hex,
                                                          "0:4194305:" + hex,
                                                          "1:18446744073709551616:" + hex,
                                                          "1:9:" + hex + "0",
                                                          "1:9:" + hex.substr(2),
                                                          "1:9: " + hex.substr(1),
                                                          "1:9:" + std::string(64, '0'),
                                                          "+1:9:" + hex,
                                                          "1:9:" + std::string(64, 'A')}) {
    EXPECT_THROW(stream_ref_from_text(text), Error) << text;
  }
  const auto decode = [](const ByteWriter& bytes) {
    ByteReader in(bytes.view(), "test");
    return decode_stream_ref(in);
  };
  ByteWriter level;
  level.u8(16);
  level.varint(1);
  level.id(id_of_number(1));
  expect_corrupt([&] { decode(level); }, "levels");
  ByteWriter empty;
  empty.u8(1);
  empty.varint(0);
  expect_corrupt([&] { decode(empty); }, "empty");
  ByteWriter zero;
  zero.u8(1);
  zero.varint(1);
  zero.id(ChunkId{});
  expect_corrupt([&] { decode(zero); }, "zero id");
}

TEST(StreamBuilder, SmallestStreams) {
  MemoryChunks chunks;
  EXPECT_EQ(build_stream(chunks, {}), StreamRef{});
  const ChunkId id = id_of_number(1);
  EXPECT_EQ(build_stream(chunks, {{id, 5}}), (StreamRef{0, 5, id}));
  EXPECT_EQ(chunks.new_count, 0U);
  const StreamRef hole = build_stream(chunks, {{ChunkId{}, 1}, {ChunkId{}, 1ULL << 60}});
  EXPECT_EQ(hole.level, 1);
  EXPECT_EQ(hole.length, (1ULL << 60) + 1);
  ExtentCursor cursor(chunks, hole);
  ASSERT_NE(cursor.current(), nullptr);
  EXPECT_EQ(*cursor.current(), (Extent{ChunkId{}, (1ULL << 60) + 1}));
  EXPECT_EQ(build_stream(chunks, {{id, 5}, {ChunkId{}, 5}}).level, 1);
}

TEST(StreamBuilder, RefusesMoreThanTheFormatCounts) {
  MemoryChunks chunks;
  StreamBuilder builder(chunks);
  builder.add({ChunkId{}, std::numeric_limits<std::uint64_t>::max()});
  EXPECT_THROW(builder.add({ChunkId{}, 1}), Error);
}

TEST(List, CutExactlyAtTheEndMakesNoEmptyTop) {
  std::vector<Extent> extents;
  for (std::uint64_t i = 0; i < 512; ++i) extents.push_back({id_of_number(i), 10});
  for (Extent& extent : extents) extent.id.bytes[0] = std::byte{1};
  MemoryChunks chunks;
  EXPECT_EQ(build_stream(chunks, extents).level, 1);  // 512 items: cut, and one list all the same
  extents.push_back(extents[0]);
  EXPECT_EQ(build_stream(chunks, extents).level, 2);
}

TEST(List, DecoderRefusesWhatNoWriterMakes) {
  MemoryChunks chunks;
  const ChunkId a = id_of_number(1);
  const ChunkId b = id_of_number(2);
  const auto check = [&](ListMaker& list, std::uint8_t level, std::uint64_t length, std::string_view why) {
    expect_corrupt([&] { read_all(chunks, {level, length, chunks.put(list.out.view(), Kind::list)}); }, why);
  };
  check(ListMaker().item(a, 5).item(b, 0), 1, 5, "empty span");
  check(ListMaker().item(a, 5).item(b, 5), 1, 11, "fall short");
  check(ListMaker().item(a, 5).item(b, 7), 1, 11, "exceed");
  check(ListMaker().item(a, 5).item(b, std::numeric_limits<std::uint64_t>::max()), 1, 4, "exceed");
  check(ListMaker().item(a, 5), 1, 5, "one item at the top");
  check(ListMaker().item(ChunkId{}, 5).item(ChunkId{}, 5), 1, 10, "two holes");
  check(ListMaker().item(a, 5).item(ChunkId{}, 5), 2, 10, "hole among lists");
  check(ListMaker().item(a, 4194305).item(b, 5), 1, 4194310, "longer than chunks");
  ListMaker cut;
  cut.item(a, 5).item(b, 5).out.u8(0);
  check(cut, 1, 10, "");
  ListMaker wide;
  for (int i = 0; i < 513; ++i) wide.item(a, 1);
  check(wide, 1, 513, "too many");
  ListMaker padded;
  padded.item(a, 5).out.id(b);
  padded.out.u8(0x85);
  padded.out.u8(0x00);
  check(padded, 1, 10, "");
}

TEST(List, HolesNextToEachOtherAcrossListsAreCorrupt) {
  MemoryChunks chunks;
  const ChunkId a = chunks.put(ListMaker().item(id_of_number(1), 5).item(ChunkId{}, 5).out.view(), Kind::list);
  const ChunkId b = chunks.put(ListMaker().item(ChunkId{}, 5).item(id_of_number(1), 5).out.view(), Kind::list);
  expect_corrupt([&] { read_all(chunks, {2, 20, chunks.put(ListMaker().item(a, 10).item(b, 10).out.view(), Kind::list)}); }, "two holes");
}

TEST(List, ListsBelowMustHaveTheSpanTold) {
  MemoryChunks chunks;
  const ChunkId a = chunks.put(ListMaker().item(id_of_number(1), 5).item(id_of_number(2), 5).out.view(), Kind::list);
  expect_corrupt([&] { read_all(chunks, {2, 22, chunks.put(ListMaker().item(a, 11).item(a, 11).out.view(), Kind::list)}); }, "fall short");
  expect_corrupt([&] { read_all(chunks, {3, 10, a}); }, "missing");  // too many levels: a data chunk taken for a list
}

TEST(List, AListThatNamesItselfOftenCannotHoldACursorUp) {
  // 15 levels of one list twice: 2^16 extents told by 15 chunks; all spans add up. Seeking is still a matter of 15 reads.
  MemoryChunks chunks;
  Extent item{id_of_number(1), 1ULL << 20};
  for (int level = 1; level <= 15; ++level) {
    item = {chunks.put(ListMaker().item(item.id, item.length).item(item.id, item.length).out.view(), Kind::list), item.length * 2};
  }
  const StreamRef ref{15, item.length, item.id};
  ExtentCursor cursor(chunks, ref);
  chunks.read_count = 0;
  cursor.seek(ref.length - 1);
  EXPECT_LE(chunks.read_count, 15U);
  cursor.next();
  EXPECT_TRUE(cursor.at_end());
}

TEST(StreamBytes, LimitsHolesAndWrongLengthsAreRefused) {
  MemoryChunks chunks;
  const Bytes data(100, std::byte{1});
  const StreamRef ref = put_bytes(chunks, data, Kind::other);
  EXPECT_EQ(put_bytes(chunks, {}, Kind::other), StreamRef{});
  EXPECT_TRUE(get_bytes(chunks, {}, 0).empty());
  expect_corrupt([&] { get_bytes(chunks, ref, 99); }, "longer");
  expect_corrupt([&] { get_bytes(chunks, {0, 99, ref.id}, 1000); }, "length");
  const StreamRef sparse = build_stream(chunks, {{ref.id, 100}, {ChunkId{}, 50}, {ref.id, 100}});
  expect_corrupt([&] { get_bytes(chunks, sparse, 1000); }, "hole");
  Bytes part(200, std::byte{9});
  read_content(chunks, sparse, 25, part);
  for (std::size_t i = 0; i < part.size(); ++i) EXPECT_EQ(part[i] == std::byte{0}, i >= 75 && i < 125) << i;
  EXPECT_THROW(read_content(chunks, sparse, 51, part), Error);
  EXPECT_THROW(read_content(chunks, sparse, std::numeric_limits<std::uint64_t>::max(), part), Error);
}

class LargeStream : public ::testing::Test {
 protected:
  static constexpr std::size_t kCount = 1'000'000;
  LargeStream() {
    extents.reserve(kCount);
    for (std::uint64_t i = 0; i < kCount; ++i) {
      Extent extent{{}, 1000 + i % 7};
      Random random(i);
      for (std::size_t at = 0; at < 32; at += 8) {
        const std::uint64_t word = random();
        std::memcpy(extent.id.bytes.data() + at, &word, 8);
      }
      extents.push_back(extent);
    }
  }
  std::vector<Extent> extents;
  MemoryChunks chunks;
};

TEST_F(LargeStream, OneChangedExtentCostsALevelsWorthOfChunks) {
  const StreamRef before = build_stream(chunks, extents);
  EXPECT_GE(before.level, 2);
  for (const std::size_t at : {std::size_t{0}, kCount / 3, kCount - 1}) {
    auto changed = extents;
    changed[at].id = id_of_number(at);
    chunks.new_count = 0;
    const StreamRef after = build_stream(chunks, changed);
    EXPECT_LE(chunks.new_count, 2U * (before.level + 1U) + 2);
    EXPECT_GE(chunks.new_count, 1U);
    chunks.read_count = 0;
    std::vector<Range> ranges;
    for_each_difference(chunks, before, after, [&](Range range) { ranges.push_back(range); });
    ASSERT_EQ(ranges.size(), 1U);
    EXPECT_EQ(ranges[0].length, extents[at].length);
    EXPECT_LE(chunks.read_count, 2U * (2U * (before.level + 1U) + 2));
  }
  // A stream and its first half, which has another level or other lists at the end only.
  const StreamRef half = build_stream(chunks, {extents.begin(), extents.begin() + 400});
  chunks.read_count = 0;
  std::size_t count = 0;
  for_each_difference(chunks, half, before, [&](Range range) {
    ++count;
    EXPECT_EQ(range.offset, half.length);
  });
  EXPECT_EQ(count, 1U);
  EXPECT_LE(chunks.read_count, 2U * (before.level + 1U) + 4);
}

TEST_F(LargeStream, SeekReadsOneListALevel) {
  const StreamRef ref = build_stream(chunks, extents);
  chunks.read_count = 0;
  ExtentCursor cursor(chunks, ref);
  EXPECT_EQ(chunks.read_count, 0U);
  cursor.seek(ref.length / 2);
  EXPECT_NE(cursor.current(), nullptr);
  EXPECT_LE(chunks.read_count, ref.level);
  chunks.read_count = 0;
  cursor.seek(cursor.offset() + 1);
  cursor.seek(cursor.offset() - 1);
  EXPECT_LE(chunks.read_count, ref.level + 1U);
}

}  // namespace
}  // namespace metamori::test
