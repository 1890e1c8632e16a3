#pragma once

// What a file held when it was captured before, compared with what it holds now.

#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "core/capture.hpp"
#include "core/fingerprints.hpp"
#include "objects/stream.hpp"

namespace metamori {

/// The chunks of a file's earlier content in the order of their offsets, each with the answer whether the file holds the same bytes there
/// now, found by reading and fingerprinting. That runs ahead of whoever asks, on the pool, in windows of some MiB; memory is bounded by
/// them. When bytes were inserted or removed, chunks are looked for at their new places from then on (realign). Used by one thread.
class EarlierContent {
 public:
  struct Chunk {
    std::uint64_t offset = 0;  ///< where it starts, or would start now
    Extent extent;
    Fingerprint fingerprint;
    bool ends_segment = false;  ///< a hole or the end followed it: it may have been cut short
    bool is_same = false;       ///< the file holds these bytes there
  };
  /// `prints` are the fingerprints of the data extents of `stream` in order; without them nothing is known. `file` must stay open.
  EarlierContent(const CaptureContext& context, int file, const StreamRef& stream, std::span<const Fingerprint> prints);
  ~EarlierContent();
  EarlierContent(const EarlierContent&) = delete;
  EarlierContent& operator=(const EarlierContent&) = delete;
  [[nodiscard]] bool is_known() const noexcept { return !prints_.empty(); }
  /// The chunk that starts exactly at `offset`, compared; or nothing. Offsets must not decrease. Valid until the next call.
  const Chunk* at(std::uint64_t offset);
  /// The chunks that lay where `length` bytes from `offset` lie now, if they are few and nothing but data: what those bytes may differ
  /// little from. `offset` as in at().
  BaseList covering(std::uint64_t offset, std::uint64_t length);
  /// The chunk with that fingerprint, wherever it was, nearest to where it is expected: the one that now starts at `offset`. From then on
  /// chunks after it are expected after it.
  std::optional<ChunkId> realign(std::uint64_t offset, std::uint32_t length, const Fingerprint& fingerprint);
  /// Whether the file is still as long and holds all of it where it was, holes included. Nothing else may have been asked before.
  bool is_all_same();

 private:
  struct Window;
  /// Where a chunk stood, to be found by its fingerprint.
  struct Spot {
    std::uint64_t print = 0;  ///< the fingerprint's lower half
    std::uint64_t offset = 0;
    std::uint64_t index = 0;  ///< of its fingerprint
  };
  bool load_window(bool with_holes);
  void load_ahead(bool with_holes);
  void drop_windows();
  void move_to(std::uint64_t offset);
  void compare(Window& window) const;
  [[nodiscard]] bool holds(const Chunk& chunk, Bytes& buffer) const;
  [[nodiscard]] bool holds_hole(std::uint64_t begin, std::uint64_t end, Bytes& buffer) const;
  [[nodiscard]] bool read(std::span<std::byte> buffer, std::uint64_t offset) const;
  void list_spots();

  const CaptureContext& context_;
  int file_;
  StreamRef stream_;
  std::span<const Fingerprint> prints_;
  std::optional<ExtentCursor> cursor_;  ///< the next chunk to load
  std::size_t next_print_ = 0;          ///< its fingerprint
  std::uint64_t shift_ = 0;             ///< what now and then differ by, modulo 2^64
  std::deque<std::shared_ptr<Window>> windows_;
  std::size_t place_ = 0;  ///< in the first window: the first chunk that ends after the last offset asked for
  std::vector<Spot> spots_;
};

}  // namespace metamori
