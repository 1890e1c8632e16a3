#pragma once

// Streams: content as chunks under lists, level by level. docs/format.md, section 6.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
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
  /// A stream that the new one probably differs little from: a hint for how to hold its lists.
  struct Like {
    ChunkSource* source = nullptr;
    StreamRef stream;
  };
  explicit StreamBuilder(ChunkSink& sink);
  StreamBuilder(ChunkSink& sink, const Like& like);
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

/// Walks the extents of a data stream in order, from any offset. Lazy: a list is read when something below it is asked for, so what is
/// skipped is never read. Every member that may read throws corrupt, also when spans and lengths don't add up.
class ExtentCursor {
 public:
  ExtentCursor(ChunkSource& source, const StreamRef& ref);
  ~ExtentCursor();
  ExtentCursor(ExtentCursor&&) noexcept;
  [[nodiscard]] bool at_end() const noexcept;
  /// The extent at the cursor, or nothing at the end. Reads the lists down to it.
  [[nodiscard]] const Extent* current() const;
  /// Offset of the current extent in the content (the length, at the end). Reads nothing.
  [[nodiscard]] std::uint64_t offset() const noexcept;
  void next();
  /// Moves to the extent that holds `offset` (the end, if beyond).
  void seek(std::uint64_t offset);
  /// A list that starts exactly at the cursor.
  struct Subtree {
    std::uint8_t level = 0;
    ChunkId id;
    std::uint64_t span = 0;
    friend bool operator==(const Subtree&, const Subtree&) = default;
  };
  /// The lists known to start at the cursor, highest first. Reads nothing: after current() they are all of them, before it those below the
  /// last may be missing.
  [[nodiscard]] std::vector<Subtree> subtrees_here() const;
  /// Moves past a subtree told by subtrees_here(), unread.
  void skip(const Subtree& subtree);

 private:
  friend void skip_shared(ExtentCursor& a, ExtentCursor& b);
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Moves both cursors past the lists and extents they share from here on, whatever their levels, opening only lists that differ. Afterwards
/// one is at its end, or the current extents differ.
void skip_shared(ExtentCursor& a, ExtentCursor& b);

/// A range of content that differs between two streams, in offsets common to both.
struct Range {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  friend bool operator==(const Range&, const Range&) = default;
};
/// Calls `visit`, ascending, for each maximal range in which `a` and `b` differ: an offset is equal where both have a hole, or the same
/// extent starting at the same place (shared lists are skipped unread). The part beyond the shorter one counts as differing.
void for_each_difference(ChunkSource& source, const StreamRef& a, const StreamRef& b, const std::function<void(Range)>& visit);

/// Streams that are not files' contents.
StreamRef put_bytes(ChunkSink& sink, ByteView bytes, Kind kind);
/// Throws corrupt if longer than `limit`, or if it has holes.
Bytes get_bytes(ChunkSource& source, const StreamRef& ref, std::uint64_t limit);
/// Fills `out` with the content from `offset` on, holes as zeros. Throws usage if that runs past the end.
void read_content(ChunkSource& source, const StreamRef& ref, std::uint64_t offset, std::span<std::byte> out);

}  // namespace metamori
