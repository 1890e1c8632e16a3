#include <xxhash.h>

#include <algorithm>

#include "base/assert.hpp"
#include "base/digest.hpp"
#include "objects/frame.hpp"
#include "objects/frame_layout.hpp"
#include "objects/frame_patch.hpp"
#include "objects/frame_shuffle.hpp"
#include "objects/frame_zstd.hpp"

namespace metamori {
namespace {

constexpr std::size_t kVarintOfLengthMax = 5;
constexpr std::size_t kBaseListLeast = 1 + ChunkTag::size_bytes + 1;
constexpr std::size_t kBaseListMost = 1 + kMaxBases * ChunkTag::size_bytes + kVarintOfLengthMax;

bool has_base(Form form) noexcept { return form == Form::delta || form == Form::patch; }
bool is_filter_width(std::uint8_t width) noexcept { return width == 0 || width == 2 || width == 4 || width == 8 || width == 16; }

void check_lengths(const FrameHeader& header, const ByteReader& reader) {
  if (header.raw_len > kMaxRawBytes) reader.fail("frame of more than 4 MiB");
  // A patch needs at most three bytes for every two it covers, and its count.
  if (header.form == Form::patch ? header.coded_len > 2 * header.raw_len + 16 : header.coded_len != header.raw_len)
    reader.fail("frame with an impossible coded length");
  const std::uint64_t prefix_least = has_base(header.form) ? kBaseListLeast : header.form == Form::group ? header.member_count : 0;
  const std::uint64_t prefix_most = has_base(header.form) ? kBaseListMost : prefix_least * kVarintOfLengthMax;
  const std::uint64_t coded_most = header.codec == Codec::none ? header.coded_len : 2ULL * header.coded_len + 64;
  const std::uint64_t coded_least = header.codec == Codec::none ? header.coded_len : 0;
  if (header.stored_len < prefix_least + coded_least || header.stored_len > prefix_most + coded_most)
    reader.fail("frame with an impossible stored length");
}

void check_consistency(const FrameHeader& header, const ByteReader& reader) {
  if (!is_filter_width(header.filter_width)) reader.fail("frame with an unknown filter");
  if (header.kind == Kind::mixed && header.form != Form::group) reader.fail("frame of one chunk with mixed kinds");
  if (has_base(header.form) && header.filter_width != 0) reader.fail("delta with a filter");
  if (header.form == Form::delta && header.codec != Codec::zstd) reader.fail("delta that is not compressed");
  if (has_base(header.form) ? header.depth == 0 || header.depth > kMaxDeltaDepth : header.depth != 0)
    reader.fail("frame with an impossible delta depth");
  if (header.form == Form::group ? header.member_count == 0 : header.member_count != 1)
    reader.fail("frame with an impossible member count");
  check_lengths(header, reader);
}

/// The body's parts: what stands before the coded part, and the coded part.
struct Body {
  ByteView prefix;
  ByteView coded;
};

std::vector<std::uint32_t> read_member_table(const FrameHeader& header, ByteReader& reader) {
  std::vector<std::uint32_t> lengths;
  lengths.reserve(header.member_count);
  std::uint64_t total = 0;
  for (std::uint16_t i = 0; i < header.member_count; ++i) {
    const std::uint64_t length = reader.varint();
    if (length > header.raw_len - total) reader.fail("group whose members are longer than the group");
    total += length;
    lengths.push_back(static_cast<std::uint32_t>(length));
  }
  if (total != header.raw_len) reader.fail("group whose members do not fill it");
  return lengths;
}

BaseList read_base_list(ByteReader& reader) {
  BaseList list;
  const std::uint64_t count = reader.varint();
  if (count == 0 || count > kMaxBases) reader.fail("delta with an impossible number of bases");
  for (std::uint64_t i = 0; i < count; ++i) list.ids.push_back(reader.id<ChunkTag>());
  const std::uint64_t skip = reader.varint();
  if (skip > kMaxRawBytes) reader.fail("delta that skips more than its base can have");
  list.skip = static_cast<std::uint32_t>(skip);
  return list;
}

Body split_body(const FrameHeader& header, ByteView frame, std::string_view where) {
  const ByteView body = frame.subspan(kFrameHeaderBytes);
  ByteReader reader(body, where);
  if (has_base(header.form)) read_base_list(reader);
  if (header.form == Form::group) read_member_table(header, reader);
  return {body.first(body.size() - reader.rest().size()), reader.rest()};
}

/// Undoes codec and filter of `coded`.
void decode_coded(const FrameHeader& header, ByteView coded, ByteView prefix, Bytes& out, std::string_view where) {
  const ByteReader reader(coded, where);
  thread_local Bytes filtered;  // fresh memory costs more than decoding into it
  if (header.codec == Codec::none) {
    if (coded.size() != header.coded_len) reader.fail("frame with a wrong stored length");
  } else {
    zstd_decompress(coded, prefix, header.coded_len, header.filter_width == 0 ? out : filtered, where);
    if (header.filter_width == 0) return;
  }
  const ByteView bytes = header.codec == Codec::none ? coded : ByteView(filtered);
  out.resize(bytes.size());
  if (header.filter_width != 0) {
    unshuffle(header.filter_width, bytes, out);
  } else {
    std::copy(bytes.begin(), bytes.end(), out.begin());
  }
}

/// Puts the base's bytes into `out`.
void read_bases(ByteReader list_reader, const BaseReader& base, Bytes& out) {
  const BaseList list = read_base_list(list_reader);
  base(list.ids.front(), out);
  Bytes next;
  for (std::size_t i = 1; i < list.ids.size(); ++i) {
    base(list.ids[i], next);
    if (next.size() > kMaxRawBytes - std::min<std::size_t>(out.size(), kMaxRawBytes))
      list_reader.fail("delta with bases of more than 4 MiB");
    out.insert(out.end(), next.begin(), next.end());
  }
  if (list.skip > out.size()) list_reader.fail("delta that skips more than its base");
  out.erase(out.begin(), out.begin() + list.skip);
}

void decode_with_base(const FrameHeader& header, const Body& body, const BaseReader& base, Bytes& out, std::string_view where) {
  const ByteReader list(body.prefix, where);
  if (header.form == Form::delta) {
    Bytes base_bytes;
    read_bases(list, base, base_bytes);
    return decode_coded(header, body.coded, base_bytes, out, where);
  }
  Bytes patch;
  decode_coded(header, body.coded, {}, patch, where);
  read_bases(list, base, out);
  apply_patch(patch, header.raw_len, out, where);
}

}  // namespace

std::uint64_t frame_checksum(ByteView head, ByteView body, ByteView rest_of_body) noexcept {
  thread_local const std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state(XXH3_createState(), XXH3_freeState);
  MM_ASSERT(state != nullptr);  // half a KiB, once for each thread
  XXH3_64bits_reset(state.get());
  for (const ByteView part : {head.first(kFrameChecksumOffset), body, rest_of_body})
    XXH3_64bits_update(state.get(), part.data(), part.size());
  return XXH3_64bits_digest(state.get());
}

FrameHeader decode_frame_header(ByteView bytes, std::string_view where) {
  ByteReader reader(bytes.first(std::min(bytes.size(), kFrameHeaderBytes)), where);
  if (reader.u32() != kFrameMagic) reader.fail("there is no frame where one should be");
  FrameHeader header;
  const std::uint8_t form = reader.u8();
  const std::uint8_t codec = reader.u8();
  header.filter_width = reader.u8();
  const std::uint8_t kind = reader.u8();
  if (form > 3 || codec > 1 || kind > 4) reader.fail("frame with an unknown form, codec or kind");
  header.form = static_cast<Form>(form);
  header.codec = static_cast<Codec>(codec);
  header.kind = static_cast<Kind>(kind);
  header.stored_len = reader.u32();
  header.coded_len = reader.u32();
  header.raw_len = reader.u32();
  header.depth = reader.u16();
  header.member_count = reader.u16();
  header.id = reader.id<ChunkTag>();
  header.checksum = reader.u64();
  check_consistency(header, reader);
  return header;
}

FrameHeader check_frame(ByteView frame, std::string_view where) {
  const FrameHeader header = decode_frame_header(frame, where);
  const ByteReader reader(frame, where);
  if (frame.size() != kFrameHeaderBytes + header.stored_len) reader.fail("frame with a wrong stored length");
  if (frame_checksum(frame, frame.subspan(kFrameHeaderBytes), {}) != header.checksum) reader.fail("a frame's checksum does not hold");
  return header;
}

void decode_frame(ByteView frame, const BaseReader& base, bool verify_id, Bytes& out, std::string_view where) {
  const FrameHeader header = check_frame(frame, where);
  const Body body = split_body(header, frame, where);
  if (has_base(header.form)) {
    decode_with_base(header, body, base, out, where);
  } else {
    decode_coded(header, body.coded, {}, out, where);
  }
  const ByteReader reader(out, where);
  if (out.size() != header.raw_len) reader.fail("frame that decodes to another length than it says");
  if (verify_id) check_id(out, header.id, where);
}

void check_id(ByteView bytes, const ChunkId& id, std::string_view where) {
  if (sha256(bytes) != id) ByteReader({}, where).fail("a frame decodes to other bytes than its id names");
}

std::vector<std::uint32_t> group_member_lengths(ByteView frame, std::string_view where) {
  const FrameHeader header = decode_frame_header(frame, where);
  ByteReader reader(frame.subspan(kFrameHeaderBytes), where);
  if (header.form != Form::group) reader.fail("frame that should be a group is not");
  return read_member_table(header, reader);
}

BaseList frame_bases(ByteView frame, std::string_view where) {
  const FrameHeader header = decode_frame_header(frame, where);
  ByteReader reader(frame.subspan(kFrameHeaderBytes), where);
  if (!has_base(header.form)) reader.fail("frame that should have a base has none");
  return read_base_list(reader);
}

}  // namespace metamori
