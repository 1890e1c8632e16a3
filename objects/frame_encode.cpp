#include <algorithm>
#include <array>

#include "base/assert.hpp"
#include "base/digest.hpp"
#include "objects/frame.hpp"
#include "objects/frame_layout.hpp"
#include "objects/frame_patch.hpp"
#include "objects/frame_probe.hpp"
#include "objects/frame_shuffle.hpp"
#include "objects/frame_zstd.hpp"

namespace metamori {
namespace {

constexpr int kDeltaLevel = 1;
constexpr int kPatchLevel = 1;
// After this many chunks encoded alike the probe looks again, in case something better has become possible.
constexpr int kProbeEvery = 16;
// How far a result may be above what the probe promised before the probe is asked again.
constexpr std::uint32_t kSurprisePermille = 50;

/// Appends header, `prefix` and `coded`, with lengths and checksum filled in.
void write_frame(FrameHeader header, ByteView prefix, ByteView coded, ByteWriter& out) {
  header.stored_len = static_cast<std::uint32_t>(prefix.size() + coded.size());
  const std::size_t start = out.size();
  out.u32(kFrameMagic);
  out.u8(static_cast<std::uint8_t>(header.form));
  out.u8(static_cast<std::uint8_t>(header.codec));
  out.u8(header.filter_width);
  out.u8(static_cast<std::uint8_t>(header.kind));
  out.u32(header.stored_len);
  out.u32(header.coded_len);
  out.u32(header.raw_len);
  out.u16(header.depth);
  out.u16(header.member_count);
  out.id(header.id);
  out.u64(frame_checksum(out.view().subspan(start), prefix, coded));
  out.raw(prefix);
  out.raw(coded);
}

ByteWriter encoded(const BaseList& list) {
  MM_ASSERT(!list.ids.empty() && list.ids.size() <= kMaxBases);
  ByteWriter out;
  out.varint(list.ids.size());
  for (const ChunkId& id : list.ids) out.id(id);
  out.varint(list.skip);
  return out;
}

/// What the last probe of a kind said, and for how many more chunks it is believed.
struct Habit {
  ProbeResult probed;
  int trust = 0;
};

}  // namespace

struct FrameEncoder::Impl {
  /// The coded part and how it came about.
  struct Coded {
    ByteView bytes;
    Codec codec = Codec::none;
    std::uint8_t filter_width = 0;
  };

  Coded encode(Kind kind, ByteView raw);
  bool try_encoding(ByteView raw, const Encoding& encoding, Coded& result);
  bool clearly_smaller(Kind kind, ByteView raw, std::size_t size);

  Probe probe;
  ZstdCompressor compressor;
  std::array<Habit, 5> habits;
  Bytes shuffled;
  Bytes compressed;
  Bytes difference;
  Bytes patch;
};

bool FrameEncoder::Impl::try_encoding(ByteView raw, const Encoding& encoding, Coded& result) {
  ByteView input = raw;
  if (encoding.filter_width != 0) {
    shuffled.resize(raw.size());
    shuffle(encoding.filter_width, raw, shuffled);
    input = shuffled;
  }
  const std::size_t limit = raw.size() * kWorthwhilePermille / 1000;
  if (!compressor.compress(input, encoding.level, limit, compressed)) return false;
  result = {compressed, Codec::zstd, encoding.filter_width};
  return true;
}

FrameEncoder::Impl::Coded FrameEncoder::Impl::encode(Kind kind, ByteView raw) {
  Habit& habit = habits[static_cast<std::size_t>(kind)];
  const Coded as_is{raw, Codec::none, 0};
  Coded result = as_is;
  // Neighbours are mostly alike, so the way that was right for the last chunks is tried first and kept while it gives what it promised.
  if (habit.trust > 0) {
    --habit.trust;
    const bool smaller = try_encoding(raw, habit.probed.encoding, result);
    if (smaller && result.bytes.size() * 1000 <= raw.size() * (habit.probed.permille + kSurprisePermille)) return result;
    const Encoding tried = habit.probed.encoding;
    habit = {probe.look(raw), kProbeEvery};
    if (smaller && habit.probed.encoding == tried) return result;
  } else {
    habit = {probe.look(raw), kProbeEvery};
  }
  if (habit.probed.encoding.level == 0) {
    habit.trust = 0;  // to see that noise ends, each chunk must be looked at
    return as_is;
  }
  if (!try_encoding(raw, habit.probed.encoding, result)) {
    habit.trust = 0;
    return as_is;
  }
  return result;
}

/// Whether `size` bytes are clearly fewer than the chunk takes in a plain frame.
bool FrameEncoder::Impl::clearly_smaller(Kind kind, ByteView raw, std::size_t size) {
  if (size <= raw.size() / 16) return true;  // hardly anything compresses that well: not worth trying
  return size <= raw.size() / 4 * 3 && size <= encode(kind, raw).bytes.size() / 4 * 3;
}

FrameEncoder::FrameEncoder() : impl_(std::make_unique<Impl>()) {}
FrameEncoder::FrameEncoder(FrameEncoder&&) noexcept = default;
FrameEncoder::~FrameEncoder() = default;

void FrameEncoder::plain(const ChunkId& id, Kind kind, ByteView raw, ByteWriter& out) {
  MM_ASSERT(raw.size() <= kMaxRawBytes && kind != Kind::mixed);
  const Impl::Coded coded = impl_->encode(kind, raw);
  FrameHeader header;
  header.codec = coded.codec;
  header.filter_width = coded.filter_width;
  header.kind = kind;
  header.coded_len = header.raw_len = static_cast<std::uint32_t>(raw.size());
  header.id = id;
  write_frame(header, {}, coded.bytes, out);
}

void FrameEncoder::group(Kind kind, ByteView raw, std::span<const std::uint32_t> member_lengths, ByteWriter& out) {
  MM_ASSERT(raw.size() <= kMaxRawBytes && !member_lengths.empty() && member_lengths.size() <= kMaxGroupMembers);
  ByteWriter table;
  std::size_t total = 0;
  for (const std::uint32_t length : member_lengths) {
    table.varint(length);
    total += length;
  }
  MM_ASSERT(total == raw.size());
  const Impl::Coded coded = impl_->encode(kind, raw);
  FrameHeader header;
  header.form = Form::group;
  header.codec = coded.codec;
  header.filter_width = coded.filter_width;
  header.kind = kind;
  header.coded_len = header.raw_len = static_cast<std::uint32_t>(raw.size());
  header.member_count = static_cast<std::uint16_t>(member_lengths.size());
  header.id = sha256(raw);
  write_frame(header, table.view(), coded.bytes, out);
}

bool FrameEncoder::delta(const ChunkId& id, Kind kind, ByteView raw, const EncodingBase& base, ByteWriter& out) {
  MM_ASSERT(raw.size() <= kMaxRawBytes && base.bytes.size() <= kMaxRawBytes && kind != Kind::mixed);
  if (base.depth > kMaxDeltaDepth) return false;
  if (!impl_->compressor.compress_against(raw, base.bytes, kDeltaLevel, raw.size() / 4 * 3, impl_->difference)) return false;
  const ByteWriter list = encoded(base.list);
  if (!impl_->clearly_smaller(kind, raw, list.size() + impl_->difference.size())) return false;
  FrameHeader header;
  header.form = Form::delta;
  header.codec = Codec::zstd;
  header.kind = kind;
  header.coded_len = header.raw_len = static_cast<std::uint32_t>(raw.size());
  header.depth = base.depth;
  header.id = id;
  write_frame(header, list.view(), impl_->difference, out);
  return true;
}

bool FrameEncoder::patch(const ChunkId& id, Kind kind, ByteView raw, const EncodingBase& base, ByteWriter& out) {
  MM_ASSERT(raw.size() <= kMaxRawBytes && base.bytes.size() <= kMaxRawBytes && kind != Kind::mixed);
  if (base.depth > kMaxDeltaDepth) return false;
  Bytes& patch = impl_->patch;
  if (!encode_patch(raw, base.bytes, raw.size() / 4 * 3, patch)) return false;
  Bytes& packed = impl_->difference;
  const bool compressed = impl_->compressor.compress(patch, kPatchLevel, patch.size() * kWorthwhilePermille / 1000, packed);
  const ByteView coded = compressed ? packed : patch;
  const ByteWriter list = encoded(base.list);
  if (!impl_->clearly_smaller(kind, raw, list.size() + coded.size())) return false;
  FrameHeader header;
  header.form = Form::patch;
  header.codec = compressed ? Codec::zstd : Codec::none;
  header.kind = kind;
  header.coded_len = static_cast<std::uint32_t>(patch.size());
  header.raw_len = static_cast<std::uint32_t>(raw.size());
  header.depth = base.depth;
  header.id = id;
  write_frame(header, list.view(), coded, out);
  return true;
}

}  // namespace metamori
