#include <gtest/gtest.h>

#include "objects/frame_layout.hpp"
#include "objects/frame_patch.hpp"
#include "objects/frame_probe.hpp"
#include "objects/frame_shuffle.hpp"
#include "tests/unit/store_fixture.hpp"

namespace metamori::test {
namespace {

Bytes plain_frame(ByteView raw) {
  FrameEncoder encoder;
  ByteWriter out;
  encoder.plain(sha256(raw), Kind::data, raw, out);
  return out.take();
}

Bytes decoded(ByteView frame, const BaseReader& base = {}) {
  Bytes out;
  decode_frame(frame, base, true, out, "test");
  return out;
}

BaseReader base_of(const Bytes& bytes) {
  return [&bytes](const ChunkId& id, Bytes& out) {
    EXPECT_EQ(id, sha256(bytes));
    out = bytes;
  };
}

TEST(Frame, LayoutIsThatOfTheFormat) {
  const Bytes raw = to_bytes("abc");
  const Bytes frame = plain_frame(raw);
  ASSERT_EQ(frame.size(), 67U);
  EXPECT_EQ(to_hex(ByteView(frame).first(24)),
            "4d4d5246"
            "00000000"
            "03000000"
            "03000000"
            "03000000"
            "0000"
            "0100");
  EXPECT_EQ(to_hex(ByteView(frame).subspan(24, 32)), to_hex(sha256(raw)));
  Bytes covered(frame.begin(), frame.begin() + 56);
  covered.insert(covered.end(), frame.begin() + 64, frame.end());
  ByteWriter sum;
  sum.u64(xxh3_64(covered));
  EXPECT_EQ(to_hex(ByteView(frame).subspan(56, 8)), to_hex(sum.view()));
}

TEST(Frame, NoiseIsStoredAsItIs) {
  const Bytes frame = plain_frame(noise(65536, 1));
  EXPECT_EQ(decode_frame_header(frame, "test").codec, Codec::none);
  EXPECT_EQ(frame.size(), 65536U + kFrameHeaderBytes);
}

TEST(Frame, FloatsAreShuffledAndSmaller) {
  const Bytes raw = float_walk(65536, 1);
  const Bytes frame = plain_frame(raw);
  EXPECT_EQ(decode_frame_header(frame, "test").filter_width, 8);
  EXPECT_LT(frame.size(), raw.size() * 7 / 10);
  EXPECT_EQ(decoded(frame), raw);
}

TEST(Frame, TextIsCompressedWithoutAFilter) {
  const Bytes raw = text(65536, 1);
  const Bytes frame = plain_frame(raw);
  EXPECT_EQ(decode_frame_header(frame, "test").filter_width, 0);
  EXPECT_LT(frame.size(), raw.size() / 3);
  EXPECT_EQ(decoded(frame), raw);
}

TEST(Frame, NoiseThatRepeatsIsNotNoise) {
  Bytes raw;
  const Bytes part = noise(500, 1);
  while (raw.size() < 60'000) raw.insert(raw.end(), part.begin(), part.end());
  EXPECT_LT(plain_frame(raw).size(), raw.size() / 4);
}

TEST(Frame, AnEncoderFollowsWhenTheDataChanges) {
  FrameEncoder encoder;
  const auto size_of = [&](const Bytes& raw) {
    ByteWriter out;
    encoder.plain(sha256(raw), Kind::data, raw, out);
    EXPECT_EQ(decoded(out.view()), raw);
    return out.size();
  };
  for (std::uint64_t i = 0; i < 40; ++i) {
    EXPECT_LT(size_of(float_walk(32768, i)), 32768U * 8 / 10);
    EXPECT_LT(size_of(text(32768, i)), 32768U / 3);
    if (i % 3 == 0) {
      EXPECT_EQ(size_of(noise(32768, i)), 32768U + kFrameHeaderBytes);
    }
  }
}

TEST(Frame, EveryFlippedByteIsNoticed) {
  for (const Bytes& raw : {noise(300, 1), text(1000, 1), float_walk(800, 1)}) {
    Bytes frame = plain_frame(raw);
    for (std::byte& byte : frame) {
      byte ^= std::byte{0x10};
      EXPECT_TRUE(is_corrupt([&] { decoded(frame); }));
      byte ^= std::byte{0x10};
    }
    for (std::size_t size = 0; size < frame.size(); ++size) EXPECT_TRUE(is_corrupt([&] { decoded(ByteView(frame).first(size)); }));
    EXPECT_EQ(decoded(frame), raw);
  }
}

TEST(Frame, AFrameUnderAnotherIdIsRefused) {
  FrameEncoder encoder;
  ByteWriter out;
  const Bytes raw = noise(100, 1);
  encoder.plain(sha256(noise(100, 2)), Kind::data, raw, out);
  EXPECT_TRUE(is_corrupt([&] { decoded(out.view()); }));
}

TEST(Frame, GroupsKeepTheirMembersLengths) {
  const Bytes raw = text(10'000, 1);
  const std::vector<std::uint32_t> lengths{1, 0, 4999, 5000};
  FrameEncoder encoder;
  ByteWriter out;
  encoder.group(Kind::directory, raw, lengths, out);
  EXPECT_EQ(group_member_lengths(out.view(), "test"), lengths);
  EXPECT_EQ(decoded(out.view()), raw);
  EXPECT_TRUE(is_corrupt([&] { frame_bases(out.view(), "test"); }));
}

TEST(Frame, ADeltaOfAFewBytesIsSmall) {
  const Bytes base = noise(65536, 1);
  Bytes raw = base;
  const Bytes page = noise(4096, 2);
  std::copy(page.begin(), page.end(), raw.begin() + 20480);
  FrameEncoder encoder;
  ByteWriter delta;
  ByteWriter patch;
  ASSERT_TRUE(encoder.delta(sha256(raw), Kind::data, raw, on_base(base, 4), delta));
  ASSERT_TRUE(encoder.patch(sha256(raw), Kind::data, raw, on_base(base, 4), patch));
  EXPECT_LT(delta.size(), 4096U + 300);
  EXPECT_LT(patch.size(), 4096U + 150);
  for (const ByteWriter* frame : {&delta, &patch}) {
    EXPECT_EQ(decode_frame_header(frame->view(), "test").depth, 4);
    EXPECT_EQ(frame_bases(frame->view(), "test").ids, std::vector{sha256(base)});
    EXPECT_EQ(decoded(frame->view(), base_of(base)), raw);
    Bytes wrong;
    EXPECT_TRUE(is_corrupt([&] {
      decode_frame(
          frame->view(), [](const ChunkId&, Bytes& out) { out = noise(65536, 9); }, true, wrong, "test");
    }));
  }
}

TEST(Frame, APatchMayRestOnSeveralChunksAndStartWithinTheFirst) {
  const std::vector<Bytes> chunks{noise(30'000, 1), noise(20'000, 2), noise(10'000, 3)};
  EncodingBase base;
  Bytes together;
  for (const Bytes& chunk : chunks) {
    base.list.ids.push_back(sha256(chunk));
    together.insert(together.end(), chunk.begin(), chunk.end());
  }
  base.list.skip = 5'000;
  base.bytes = ByteView(together).subspan(5'000);
  base.depth = 3;
  Bytes raw(base.bytes.begin(), base.bytes.begin() + 50'000);
  raw[100] ^= std::byte{1};
  raw[40'000] ^= std::byte{1};
  const BaseReader reader = [&](const ChunkId& id, Bytes& out) {
    out = *std::find_if(chunks.begin(), chunks.end(), [&](const Bytes& chunk) { return sha256(chunk) == id; });
  };
  FrameEncoder encoder;
  for (const bool as_delta : {false, true}) {
    ByteWriter frame;
    ASSERT_TRUE(as_delta ? encoder.delta(sha256(raw), Kind::data, raw, base, frame)
                         : encoder.patch(sha256(raw), Kind::data, raw, base, frame));
    EXPECT_LT(frame.size(), 400U);
    EXPECT_EQ(frame_bases(frame.view(), "test").ids, base.list.ids);
    EXPECT_EQ(decoded(frame.view(), reader), raw);
  }
}

TEST(Frame, HostileBaseListsAreCorrupt) {
  const Bytes base = noise(3'000, 1);
  FrameEncoder encoder;
  for (const std::uint32_t skip : {3'001U, kMaxRawBytes + 1}) {
    EncodingBase on = on_base(base, 1);
    on.list.skip = skip;
    ByteWriter frame;
    ASSERT_TRUE(encoder.patch(sha256(base), Kind::data, base, on, frame));
    EXPECT_TRUE(is_corrupt([&] { decoded(frame.view(), base_of(base)); }));
  }
  EncodingBase large = on_base(base, 2);
  large.list.ids.push_back(sha256(base));
  ByteWriter frame;
  ASSERT_TRUE(encoder.patch(sha256(base), Kind::data, base, large, frame));
  EXPECT_TRUE(is_corrupt([&] { decoded(frame.view(), [](const ChunkId&, Bytes& out) { out = Bytes(kMaxRawBytes / 2 + 1); }); }));
}

TEST(Frame, DeltasThatGainNothingOrAreTooDeepAreRefused) {
  const Bytes raw = noise(10'000, 1);
  const Bytes other = noise(10'000, 2);
  FrameEncoder encoder;
  ByteWriter out;
  EXPECT_FALSE(encoder.delta(sha256(raw), Kind::data, raw, on_base(other, 1), out));
  EXPECT_FALSE(encoder.patch(sha256(raw), Kind::data, raw, on_base(other, 1), out));
  EXPECT_FALSE(encoder.delta(sha256(raw), Kind::data, raw, on_base(raw, kMaxDeltaDepth + 1), out));
  EXPECT_FALSE(encoder.patch(sha256(raw), Kind::data, raw, on_base(raw, kMaxDeltaDepth + 1), out));
  EXPECT_EQ(out.size(), 0U);
}

TEST(Patch, HostilePatchesAreCorrupt) {
  const auto refused = [&](std::vector<std::uint64_t> numbers, std::size_t bytes) {
    ByteWriter patch;
    for (const std::uint64_t number : numbers) patch.varint(number);
    patch.raw(Bytes(bytes));
    Bytes out(100);
    return is_corrupt([&] { apply_patch(patch.view(), 100, out, "test"); });
  };
  EXPECT_FALSE(refused({1, 0, 100}, 100));
  EXPECT_FALSE(refused({2, 0, 1, 98, 1}, 2));
  EXPECT_TRUE(refused({1, 0, 101}, 101));
  EXPECT_TRUE(refused({1, 100, 1}, 1));
  EXPECT_TRUE(refused({1, ~0ULL, 2}, 2));
  EXPECT_TRUE(refused({1, 1, ~0ULL}, 2));
  EXPECT_TRUE(refused({2, 0, 1, 0, 1}, 2));
  EXPECT_TRUE(refused({1, 5, 0}, 0));
  EXPECT_TRUE(refused({1, 5, 2}, 1));
  EXPECT_TRUE(refused({1, 5, 2}, 3));
  EXPECT_TRUE(refused({1ULL << 60}, 0));
}

TEST(Shuffle, StoresPlaneAfterPlane) {
  const Bytes in = to_bytes("AaBbCcx");
  Bytes out(in.size());
  shuffle(2, in, out);
  EXPECT_EQ(as_text(out), "ABCabcx");
}

TEST(Shuffle, VectorFormEqualsTheReferenceAtEveryLength) {
  const Bytes in = noise(1200, 1);
  for (const std::size_t width : {2U, 4U, 8U, 16U}) {
    for (std::size_t size = 0; size <= in.size(); ++size) {
      const ByteView view = ByteView(in).first(size);
      Bytes fast(size);
      Bytes slow(size);
      Bytes back(size);
      shuffle(width, view, fast);
      shuffle_reference(width, view, slow);
      ASSERT_EQ(fast, slow);
      unshuffle(width, fast, back);
      ASSERT_TRUE(std::equal(back.begin(), back.end(), view.begin(), view.end()));
      unshuffle_reference(width, fast, slow);
      ASSERT_EQ(slow, back);
    }
  }
}

}  // namespace
}  // namespace metamori::test
