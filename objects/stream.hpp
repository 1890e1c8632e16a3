#pragma once

// Streams: content as chunks under lists, level by level. docs/format.md, section 6.

#include <functional>
#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "objects/chunk_store.hpp"

namespace metamori {

inline constexpr std::uint8_t kMaxStreamLevel = 15;

/// A stream's top chunk. `length` counts bytes of content (entries, for directories); 0: empty, no chunk.
struct StreamRef {
  std::uint8_t level = 0;
  std::uint64_t length = 0;
  ChunkId id;
  friend auto operator<=>(const StreamRef&, const StreamRef&) = default;
};
void encode_stream_ref(const StreamRef& ref, ByteWriter& out);
StreamRef decode_stream_ref(ByteReader& in);
std::string stream_ref_text(const StreamRef& ref);
StreamRef stream_ref_from_text(std::string_view text);  ///< throws corrupt

/// One item of a level-1 list: a data chunk, or a hole when the id is zero.
struct Extent {
  ChunkId id;
  std::uint64_t length = 0;
  [[nodiscard]] bool is_hole() const noexcept { return id.is_zero(); }
  friend bool operator==(const Extent&, const Extent&) = default;
};

/// Builds a data stream from its extents in order; holds one open list chunk per level.
class StreamBuilder {
 public:
  explicit StreamBuilder(ChunkSink& sink);
  ~StreamBuilder();
  StreamBuilder(const StreamBuilder&) = delete;
  StreamBuilder& operator=(const StreamBuilder&) = delete;
  /// `length` > 0; holes next to each other are merged.
  void add(const Extent& extent);
  StreamRef finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Walks the extents of a data stream in order, from any offset, reading only the lists it needs. Throws corrupt when spans and lengths don't add up.
class ExtentCursor {
 public:
  ExtentCursor(ChunkSource& source, const StreamRef& ref);
  ~ExtentCursor();
  ExtentCursor(ExtentCursor&&) noexcept;
  /// The extent at the cursor, or nothing at the end.
  [[nodiscard]] const Extent* current() const noexcept;
  /// Offset of the current extent in the content (the length, at the end).
  [[nodiscard]] std::uint64_t offset() const noexcept;
  void next();
  /// Moves to the extent that holds `offset` (the end, if beyond).
  void seek(std::uint64_t offset);
  /// The highest list that starts exactly at the cursor and is not the current extent itself: (level, id, span). Lets two streams be compared by skipping what they share.
  struct Subtree {
    std::uint8_t level = 0;
    ChunkId id;
    std::uint64_t span = 0;
  };
  [[nodiscard]] std::vector<Subtree> subtrees_here() const;
  /// Moves past a subtree told by subtrees_here().
  void skip(const Subtree& subtree);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// A range of content that differs between two streams, in offsets common to both.
struct Range {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  friend bool operator==(const Range&, const Range&) = default;
};
/// Calls `visit` for each maximal range in which extents of `a` and `b` differ at equal offsets (shared lists are skipped unread). The part beyond the shorter one counts as differing.
void for_each_difference(ChunkSource& source, const StreamRef& a, const StreamRef& b, const std::function<void(Range)>& visit);

/// Streams that are not files' contents.
StreamRef put_bytes(ChunkSink& sink, ByteView bytes, Kind kind);
/// Throws corrupt if longer than `limit`.
Bytes get_bytes(ChunkSource& source, const StreamRef& ref, std::uint64_t limit);
/// Reads `length` bytes of content at `offset` into `out`, holes as zeros.
void read_content(ChunkSource& source, const StreamRef& ref, std::uint64_t offset, std::span<std::byte> out);

}  // namespace metamori
