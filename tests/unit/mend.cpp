// One changed byte is found by what the checksum says, and nothing is given that it does not prove.

#include "objects/mend.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/digest.hpp"

namespace metamori::test {
namespace {

Bytes sealed(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i * 37 + 11);
  const ChunkId sum = sha256(bytes);
  bytes.insert(bytes.end(), sum.bytes.begin(), sum.bytes.end());
  return bytes;
}

TEST(Mend, EveryChangedByteIsFound) {
  const Bytes whole = sealed(60);
  for (std::size_t at = 0; at < whole.size(); ++at) {
    Bytes damaged = whole;
    damaged[at] ^= std::byte{0x5A};
    const auto mended = mend_checksummed(damaged);
    ASSERT_TRUE(mended) << at;
    EXPECT_EQ(*mended, whole) << at;
  }
}

TEST(Mend, ACutChecksumIsCompletedAndWhatFollowsItDropped) {
  const Bytes whole = sealed(200);
  for (std::size_t cut = 1; cut <= 24; ++cut) {
    const auto mended = mend_checksummed(ByteView(whole).first(whole.size() - cut));
    ASSERT_TRUE(mended) << cut;
    EXPECT_EQ(*mended, whole) << cut;
  }
  EXPECT_FALSE(mend_checksummed(ByteView(whole).first(whole.size() - 25)));
  Bytes longer = whole;
  longer.resize(whole.size() + 5);
  EXPECT_EQ(mend_checksummed(longer), whole);
}

TEST(Mend, ManyChangedBytesAreNot) {
  Bytes damaged = sealed(100);
  damaged[3] ^= std::byte{1};
  damaged[60] ^= std::byte{1};
  EXPECT_FALSE(mend_checksummed(damaged));
  EXPECT_FALSE(mend_checksummed({}));
}

TEST(Mend, OfLongerBytesOneBitIsFoundAndOfLongOnesNothingIsTried) {
  const Bytes whole = sealed(6000);
  Bytes bit = whole;
  bit[4000] ^= std::byte{0x40};
  EXPECT_EQ(mend_checksummed(bit), whole);
  std::uint64_t asked = 0;
  EXPECT_FALSE(mend_one_byte(Bytes(40'000), [&](ByteView) { return ++asked > 0; }));
  EXPECT_EQ(asked, 0U);
}

}  // namespace
}  // namespace metamori::test
