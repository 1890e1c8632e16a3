#pragma once

// Frames: how the bytes of chunks stand in a pack. docs/format.md, section 4. Pure functions over bytes.

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/bytes.hpp"

namespace metamori {

enum class Form : std::uint8_t { plain = 0, group = 1, delta = 2, patch = 3 };
enum class Codec : std::uint8_t { none = 0, zstd = 1 };
/// What a chunk's content is: a hint for encoding and statistics.
enum class Kind : std::uint8_t { data = 0, list = 1, directory = 2, other = 3, mixed = 4 };

inline constexpr std::size_t kFrameHeaderBytes = 64;
inline constexpr std::uint32_t kMaxRawBytes = 4U << 20;
inline constexpr std::uint16_t kMaxDeltaDepth = 16;
inline constexpr std::size_t kMaxBases = 16;

struct FrameHeader {
  Form form = Form::plain;
  Codec codec = Codec::none;
  std::uint8_t filter_width = 0;  ///< 0, 2, 4, 8 or 16
  Kind kind = Kind::data;
  std::uint32_t stored_len = 0;
  std::uint32_t coded_len = 0;
  std::uint32_t raw_len = 0;
  std::uint16_t depth = 0;
  std::uint16_t member_count = 1;
  ChunkId id;
  std::uint64_t checksum = 0;
};

/// Checks magic, ranges and consistency of the first 64 bytes of `bytes`; throws corrupt. The checksum is checked by decode_frame, which
/// sees the body.
FrameHeader decode_frame_header(ByteView bytes, std::string_view where);

/// What a delta or patch rests on: the bytes of these chunks one after another, without the first `skip` bytes (at most all of them).
struct BaseList {
  std::vector<ChunkId> ids;
  std::uint32_t skip = 0;
};

/// Where base chunks come from: puts the raw bytes of chunk `id`, verified, into `out`.
using BaseReader = std::function<void(const ChunkId& id, Bytes& out)>;

/// Undoes everything for a frame (header and body together in `frame`) and puts the raw bytes into `out` (for a group, those of all
/// members). Checks checksum and lengths; verifies SHA-256 against the header's id when `verify_id` (a group's members are verified by the
/// caller that picks one). Throws corrupt.
void decode_frame(ByteView frame, const BaseReader& base, bool verify_id, Bytes& out, std::string_view where);

/// Compares bytes that came out of a store with the id by which they were asked for: before that nothing is done with them. Throws corrupt.
void check_id(ByteView bytes, const ChunkId& id, std::string_view where);

/// The lengths of a group's members. Throws corrupt.
std::vector<std::uint32_t> group_member_lengths(ByteView frame, std::string_view where);
/// What a delta or patch rests on.
BaseList frame_bases(ByteView frame, std::string_view where);

/// A base to encode against.
struct EncodingBase {
  BaseList list;
  ByteView bytes;           ///< what `list` stands for
  std::uint16_t depth = 1;  ///< of the frame that would rest on it: the sum over the base chunks of 1 + the depth of their frames
};

/// Appends the frame of one chunk to `out`, in the encoding that a cheap probe finds best: raw when incompressible, byte-shuffle + fast
/// zstd for arrays of numbers, zstd otherwise. Keeps compression contexts and scratch memory, so one encoder serves one thread.
class FrameEncoder {
 public:
  FrameEncoder();
  FrameEncoder(FrameEncoder&&) noexcept;
  ~FrameEncoder();
  void plain(const ChunkId& id, Kind kind, ByteView raw, ByteWriter& out);
  /// `members` follow each other in `raw`.
  void group(Kind kind, ByteView raw, std::span<const std::uint32_t> member_lengths, ByteWriter& out);
  /// Returns false, appending nothing, if a delta would not be clearly smaller than the plain frame, or its chain too long.
  bool delta(const ChunkId& id, Kind kind, ByteView raw, const EncodingBase& base, ByteWriter& out);
  /// The same for a patch: for bytes that stayed in their places.
  bool patch(const ChunkId& id, Kind kind, ByteView raw, const EncodingBase& base, ByteWriter& out);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace metamori
