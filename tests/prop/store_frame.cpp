#include <gtest/gtest.h>

#include "objects/frame_patch.hpp"
#include "tests/support/rapidcheck_gtest.hpp"
#include "tests/unit/store_fixture.hpp"

namespace metamori::test {
namespace {

Bytes arbitrary_chunk() {
  const auto size = *rc::gen::inRange<std::size_t>(0, 70'000);
  const auto seed = *rc::gen::arbitrary<std::uint64_t>();
  switch (*rc::gen::inRange(0, 4)) {
    case 0:
      return noise(size, seed);
    case 1:
      return text(size, seed);
    case 2:
      return float_walk(size, seed);
    default:
      return Bytes(size, static_cast<std::byte>(seed));
  }
}

/// `base` with some stretches overwritten, and perhaps another length.
Bytes edited(Bytes bytes) {
  for (auto edits = *rc::gen::inRange(0, 6); edits > 0 && !bytes.empty(); --edits) {
    const auto at = *rc::gen::inRange<std::size_t>(0, bytes.size());
    const Bytes piece = noise(*rc::gen::inRange<std::size_t>(1, 3000), at);
    std::copy_n(piece.begin(), std::min(piece.size(), bytes.size() - at), bytes.begin() + static_cast<std::ptrdiff_t>(at));
  }
  bytes.resize(*rc::gen::element(bytes.size(), bytes.size() / 2, bytes.size() + 500));
  return bytes;
}

RC_GTEST_PROP(FrameProperty, PlainFramesComeBack, ()) {
  static FrameEncoder encoder;  // its habits from earlier chunks are part of what is tested
  const Bytes raw = arbitrary_chunk();
  ByteWriter out;
  encoder.plain(sha256(raw), Kind::data, raw, out);
  RC_ASSERT(out.size() <= raw.size() + kFrameHeaderBytes);
  Bytes back;
  decode_frame(out.view(), {}, true, back, "test");
  RC_ASSERT(back == raw);
}

RC_GTEST_PROP(FrameProperty, DeltasAndPatchesComeBack, ()) {
  static FrameEncoder encoder;
  const Bytes base = arbitrary_chunk();
  const Bytes raw = edited(base);
  const BaseReader reader = [&](const ChunkId&, Bytes& out) { out = base; };
  ByteWriter delta;
  if (encoder.delta(sha256(raw), Kind::data, raw, on_base(base, 1), delta)) {
    Bytes back;
    decode_frame(delta.view(), reader, true, back, "test");
    RC_ASSERT(back == raw);
  }
  ByteWriter patch;
  if (encoder.patch(sha256(raw), Kind::data, raw, on_base(base, 1), patch)) {
    Bytes back;
    decode_frame(patch.view(), reader, true, back, "test");
    RC_ASSERT(back == raw);
  }
}

RC_GTEST_PROP(FrameProperty, ThePatchOfAnyTwoGivesTheSecond, (const std::string& old_text, const std::string& new_text)) {
  const Bytes base = to_bytes(old_text);
  const Bytes raw = to_bytes(new_text);
  Bytes patch;
  RC_ASSERT(encode_patch(raw, base, 1U << 20, patch));
  Bytes back = base;
  apply_patch(patch, raw.size(), back, "test");
  RC_ASSERT(back == raw);
}

}  // namespace
}  // namespace metamori::test
