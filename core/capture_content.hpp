#pragma once

#include <span>
#include <vector>

#include "core/capture.hpp"
#include "core/earlier_content.hpp"
#include "core/ordered_put.hpp"

namespace metamori {

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
  int fill(PutBatch& batch, std::uint64_t& offset, std::uint64_t end);
  bool add_same(PutBatch& batch, std::uint64_t& offset, std::uint64_t end);
  void add_cut(PutBatch& batch, std::uint64_t& offset);
  int look_ahead(Bytes& buffer, std::uint64_t offset, std::uint64_t end);
  BaseList like(std::uint64_t offset, std::uint32_t length);
  void take(const PutBatch& batch, StreamBuilder& builder);

  const CaptureContext& context_;
  int file_;
  FileStat before_;
  StreamRef previous_;
  EarlierContent earlier_;
  StreamRef stream_;
  bool came_short_ = false;
  std::uint64_t pending_hole_ = 0;
  std::vector<Fingerprint> prints_;
  /// Bytes that were read but are in no piece yet: `ahead_` of them in the batch being filled, behind `used_` that are.
  std::size_t used_ = 0;
  std::size_t ahead_ = 0;
  Bytes carried_;  ///< those left over by the batch before
  std::size_t cuts_in_a_row_ = 0;
  std::size_t misplaced_in_a_row_ = 0;  ///< of them, that begin where no earlier chunk did
};

}  // namespace metamori
