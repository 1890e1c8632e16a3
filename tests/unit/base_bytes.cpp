#include "base/bytes.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "metamori/error.hpp"
#include "tests/support/rapidcheck_gtest.hpp"

namespace metamori {
namespace {

Bytes from_ints(std::initializer_list<int> values) {
  Bytes bytes;
  for (const int value : values) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

Bytes from_octets(const std::vector<std::uint8_t>& values) {
  const ByteView view = std::as_bytes(std::span(values));
  return {view.begin(), view.end()};
}

template <class Call>
void expect_corrupt(Call call) {
  try {
    call();
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::corrupt);
    EXPECT_NE(std::string_view(error.what()).find("the thing"), std::string_view::npos);
  }
}

void expect_corrupt_varint(std::initializer_list<int> values) {
  const Bytes bytes = from_ints(values);
  expect_corrupt([&] { ByteReader(bytes, "the thing").varint(); });
}

RC_GTEST_PROP(Bytes, ValuesComeBack,
              (std::uint8_t a, std::uint16_t b, std::uint32_t c, std::uint64_t d, std::int64_t e, std::uint64_t f,
               const std::vector<std::uint8_t>& octets)) {
  const Bytes field = from_octets(octets);
  const std::uint64_t shifted = f >> (f % 64);  // so that every length of a varint occurs
  ByteWriter writer;
  writer.u8(a);
  writer.u16(b);
  writer.u32(c);
  writer.u64(d);
  writer.svarint(e);
  writer.varint(shifted);
  writer.bytes(field);
  writer.raw(field);
  ByteReader reader(writer.view(), "the thing");
  RC_ASSERT(reader.u8() == a);
  RC_ASSERT(reader.u16() == b);
  RC_ASSERT(reader.u32() == c);
  RC_ASSERT(reader.u64() == d);
  RC_ASSERT(reader.svarint() == e);
  RC_ASSERT(reader.varint() == shifted);
  RC_ASSERT(as_text(reader.bytes(field.size())) == as_text(field));
  RC_ASSERT(as_text(reader.take(field.size())) == as_text(field));
  reader.expect_end();
}

RC_GTEST_PROP(Bytes, AVarintThatIsAcceptedIsSpelledAsItIsWritten, (const std::vector<std::uint8_t>& octets)) {
  const Bytes input = from_octets(octets);
  ByteReader reader(input, "the thing");
  std::uint64_t value = 0;
  try {
    value = reader.varint();
  } catch (const Error&) {
    return;
  }
  ByteWriter writer;
  writer.varint(value);
  RC_ASSERT(as_text(writer.view()) == as_text(ByteView(input).first(input.size() - reader.rest().size())));
}

RC_GTEST_PROP(Bytes, HexComesBack, (const std::vector<std::uint8_t>& octets)) {
  const Bytes bytes = from_octets(octets);
  RC_ASSERT(from_hex(to_hex(ByteView(bytes))) == bytes);
}

TEST(Bytes, IntegersAreLittleEndian) {
  ByteWriter writer;
  writer.u16(0x0201);
  writer.u32(0x06050403);
  writer.u64(0x0e0d0c0b0a090807);
  EXPECT_EQ(to_hex(writer.view()), "0102030405060708090a0b0c0d0e");
}

TEST(Bytes, VarintsAreLeb128) {
  const auto spelled = [](std::uint64_t value) {
    ByteWriter writer;
    writer.varint(value);
    return to_hex(writer.view());
  };
  EXPECT_EQ(spelled(0), "00");
  EXPECT_EQ(spelled(127), "7f");
  EXPECT_EQ(spelled(128), "8001");
  EXPECT_EQ(spelled(624485), "e58e26");
  EXPECT_EQ(spelled(std::numeric_limits<std::uint64_t>::max()), "ffffffffffffffffff01");
}

TEST(Bytes, SignedVarintsAreZigzag) {
  const auto spelled = [](std::int64_t value) {
    ByteWriter writer;
    writer.svarint(value);
    return to_hex(writer.view());
  };
  EXPECT_EQ(spelled(0), "00");
  EXPECT_EQ(spelled(-1), "01");
  EXPECT_EQ(spelled(1), "02");
  EXPECT_EQ(spelled(std::numeric_limits<std::int64_t>::min()), "ffffffffffffffffff01");
  EXPECT_EQ(spelled(std::numeric_limits<std::int64_t>::max()), "feffffffffffffffff01");
}

TEST(Bytes, OtherSpellingsOfANumberAreCorrupt) {
  expect_corrupt_varint({0x80, 0x00});
  expect_corrupt_varint({0xff, 0x80, 0x00});
  expect_corrupt_varint({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02});
  expect_corrupt_varint({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x81, 0x00});
  expect_corrupt_varint({0x80});
  expect_corrupt_varint({});
}

TEST(Bytes, TakingMoreThanThereIsIsCorrupt) {
  const Bytes three = from_ints({1, 2, 3});
  expect_corrupt([&] { ByteReader(three, "the thing").u32(); });
  expect_corrupt([&] { ByteReader(three, "the thing").take(4); });
  expect_corrupt([&] { ByteReader(three, "the thing").take(std::numeric_limits<std::uint64_t>::max()); });
  expect_corrupt([&] { ByteReader(three, "the thing").id<CheckpointTag>(); });
  expect_corrupt([&] { ByteReader(three, "the thing").expect_end(); });
}

TEST(Bytes, ALengthOverItsLimitIsCorrupt) {
  const Bytes field = from_ints({2, 7, 8});
  EXPECT_EQ(ByteReader(field, "the thing").bytes(2).size(), 2U);
  expect_corrupt([&] { ByteReader(field, "the thing").bytes(1); });
}

TEST(Bytes, IdsComeBack) {
  const auto id = id_from_hex<CheckpointTag>("da39a3ee5e6b4b0d3255bfef95601890afd80709");
  ASSERT_TRUE(id);
  ByteWriter writer;
  writer.id(*id);
  EXPECT_EQ(ByteReader(writer.view(), "the thing").id<CheckpointTag>(), *id);
  EXPECT_EQ(to_hex(*id), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
}

TEST(Bytes, WhatIsNotHexIsRefused) {
  EXPECT_EQ(from_hex("AbCd"), from_ints({0xab, 0xcd}));
  EXPECT_FALSE(from_hex("abc"));
  EXPECT_FALSE(from_hex("0g"));
  EXPECT_FALSE(from_hex("+1"));
  EXPECT_FALSE(id_from_hex<ChunkTag>("da39a3ee5e6b4b0d3255bfef95601890afd80709"));
}

}  // namespace
}  // namespace metamori
