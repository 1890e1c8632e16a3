#pragma once

// zstd as frames use it: one frame with content size, bounded both ways. The only user of <zstd.h>.

#include <memory>
#include <string_view>

#include "metamori/types.hpp"

namespace metamori {

/// Undoes one zstd frame that must give exactly `size` bytes; `prefix` (may be empty) is what a delta refers to. A context is kept for each
/// thread. Throws corrupt.
void zstd_decompress(ByteView coded, ByteView prefix, std::size_t size, Bytes& out, std::string_view where);

/// Compresses with a context of its own, so one object serves one thread.
class ZstdCompressor {
 public:
  ZstdCompressor();
  ZstdCompressor(ZstdCompressor&&) noexcept;
  ZstdCompressor& operator=(ZstdCompressor&&) noexcept;
  ~ZstdCompressor();
  /// Puts the compressed bytes into `out`, or returns false if they would not fit into `limit` bytes.
  bool compress(ByteView raw, int level, std::size_t limit, Bytes& out);
  /// As compress, with `prefix` as history.
  bool compress_against(ByteView raw, ByteView prefix, int level, std::size_t limit, Bytes& out);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace metamori
