#pragma once

#include "objects/stream.hpp"

namespace metamori {

/// Cuts and stores the content of one file as it comes, front to back; what is left out is a hole. Holds no more than a few chunks.
class ContentWriter {
 public:
  explicit ContentWriter(ChunkSink& sink) : sink_(sink), stream_(sink) {}
  /// `offset` is at or behind the end of what came before.
  void add(std::uint64_t offset, ByteView bytes);
  /// Where what was added ends.
  [[nodiscard]] std::uint64_t end() const noexcept { return start_ + (buffer_.size() - begin_); }
  /// `size` is at least end(): what is missing is a hole.
  StreamRef finish(std::uint64_t size);

 private:
  void store(bool is_segment_end);
  void skip_to(std::uint64_t offset);

  ChunkSink& sink_;
  StreamBuilder stream_;
  Bytes buffer_;
  std::size_t begin_ = 0;    ///< of what is not stored, in the buffer
  std::uint64_t start_ = 0;  ///< of what is not stored, in the file
};

}  // namespace metamori
