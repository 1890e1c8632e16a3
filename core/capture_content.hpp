#pragma once

#include <optional>
#include <span>
#include <vector>

#include "core/capture.hpp"
#include "core/ordered_put.hpp"

namespace metamori {

/// What a file was when it was captured before, walked along while it is read again.
class EarlierContent {
 public:
  EarlierContent(ChunkSource& source, const StreamRef& stream, std::span<const Fingerprint> prints);
  /// A data chunk of the earlier content.
  struct Chunk {
    Extent extent;
    Fingerprint fingerprint;
    bool ends_segment = false;  ///< a hole or the end followed it: it may have been cut short
  };
  /// The one that started exactly at `offset`, or nothing. Offsets must not decrease.
  const Chunk* at(std::uint64_t offset);

 private:
  void load();
  std::optional<ExtentCursor> cursor_;
  std::span<const Fingerprint> prints_;
  std::size_t next_print_ = 0;
  std::uint64_t offset_ = 0;
  std::optional<Chunk> current_;
};

/// Reads one open regular file into chunks: data segments as the file system tells them, holes between, up to the size it had at first.
/// Stretches that are as they were by their fingerprints keep their chunks; around the others cutting starts at the last cut in common and
/// goes on until cuts meet again, which gives what cutting the whole file would. Content streams: memory is a few batches and a fingerprint
/// a chunk.
class ContentCapture {
 public:
  /// `before` is the file's stat; `file` must stay open. `previous`: what it was, or empty.
  ContentCapture(const CaptureContext& context, int file, const FileStat& before, const StreamRef& previous);
  /// Reads and stores. Returns 0, or the errno of a failing read (positive).
  [[nodiscard]] int read();
  [[nodiscard]] const StreamRef& stream() const noexcept { return stream_; }
  /// Of the stream's data extents, in order.
  [[nodiscard]] std::span<const Fingerprint> fingerprints() const noexcept { return prints_; }
  /// The file ended before the size it had at first.
  [[nodiscard]] bool came_short() const noexcept { return came_short_; }
  /// Reads everything again and compares fingerprints; looks whether holes still read as zeros, and whether the file is still as long: is
  /// what was captured still what is there?
  [[nodiscard]] bool agrees_with_second_look();

 private:
  int read_segment(std::uint64_t begin, std::uint64_t end, StreamBuilder& builder, OrderedPut& puts);
  std::size_t cut(PutBatch& batch, std::size_t filled, std::uint64_t segment_end, bool is_last);
  int fill(Bytes& buffer, std::size_t& filled, std::uint64_t offset, std::uint64_t end);
  void take(const PutBatch& batch, StreamBuilder& builder);
  bool read_again(std::span<std::byte> buffer, std::uint64_t offset);
  bool still_reads_as_zeros(std::uint64_t begin, std::uint64_t end, Bytes& buffer);

  const CaptureContext& context_;
  int file_;
  FileStat before_;
  EarlierContent earlier_;
  StreamRef stream_;
  bool came_short_ = false;
  std::uint64_t pending_hole_ = 0;
  std::vector<Fingerprint> prints_;
};

}  // namespace metamori
