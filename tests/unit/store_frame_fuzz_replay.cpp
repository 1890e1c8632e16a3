#include <gtest/gtest.h>

#include "tests/unit/store_fixture.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace metamori::test {
namespace {

void replay(ByteView bytes) { LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()); }

TEST(FrameFuzz, FramesOfEveryFormWithEveryByteChangedAreHandled) {
  const Bytes base(3000, std::byte{'b'});
  Bytes raw = base;
  raw[100] = raw[2000] = std::byte{'x'};
  const Bytes floats = float_walk(2048, 1);
  FrameEncoder encoder;
  std::vector<ByteWriter> frames(5);
  encoder.plain(sha256(raw), Kind::data, raw, frames[0]);
  encoder.plain(sha256(floats), Kind::data, floats, frames[1]);
  const std::vector<std::uint32_t> lengths{1000, 0, 2000};
  encoder.group(Kind::other, raw, lengths, frames[2]);
  ASSERT_TRUE(encoder.patch(sha256(raw), Kind::data, raw, on_base(base, 1), frames[3]));
  const Bytes hard = noise(3000, 1);
  Bytes changed = hard;
  changed[5] = std::byte{0};
  ASSERT_TRUE(encoder.delta(sha256(changed), Kind::data, changed, on_base(hard, 1), frames[4]));
  for (const ByteWriter& frame : frames) {
    replay(frame.view());
    Bytes bytes(frame.view().begin(), frame.view().end());
    for (std::size_t i = 0; i < std::min<std::size_t>(bytes.size(), 300); ++i) {
      for (const unsigned flip : {1U, 0x80U, 0xFFU}) {
        bytes[i] ^= static_cast<std::byte>(flip);
        replay(bytes);
        bytes[i] ^= static_cast<std::byte>(flip);
      }
      replay(ByteView(bytes).first(i));
    }
  }
}

}  // namespace
}  // namespace metamori::test
