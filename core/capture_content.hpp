#pragma once

#include <vector>

#include "core/capture.hpp"
#include "core/ordered_put.hpp"

namespace metamori {

/// Reads one open regular file into chunks: data segments as the file system tells them, holes between, up to the size it had at first.
/// Content streams: memory is a few batches, whatever the size.
class ContentCapture {
 public:
  /// `before` is the file's stat; `file` must stay open.
  ContentCapture(const CaptureContext& context, int file, const FileStat& before);
  /// Reads and stores. Returns 0, or the errno of a failing read (positive).
  [[nodiscard]] int read();
  [[nodiscard]] const StreamRef& stream() const noexcept { return stream_; }
  /// The file ended before the size it had at first.
  [[nodiscard]] bool came_short() const noexcept { return came_short_; }
  /// Reads everything again and compares fingerprints: whether what was captured is still what is there.
  [[nodiscard]] bool agrees_with_second_look();

 private:
  /// A stretch that was read, and XXH3 of its bytes.
  struct Stretch {
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
    std::uint64_t fingerprint = 0;
  };
  int read_segment(std::uint64_t begin, std::uint64_t end, StreamBuilder& builder, OrderedPut& puts);
  int fill(Bytes& buffer, std::size_t& filled, std::uint64_t offset, std::uint64_t end);
  void take(const PutBatch& batch, StreamBuilder& builder);

  const CaptureContext& context_;
  int file_;
  FileStat before_;
  StreamRef stream_;
  bool came_short_ = false;
  std::uint64_t pending_hole_ = 0;
  std::vector<Stretch> stretches_;
};

}  // namespace metamori
