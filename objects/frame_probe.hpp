#pragma once

// Chooses how a chunk is encoded, from samples of it.

#include <cstdint>

#include "objects/frame_zstd.hpp"

namespace metamori {

/// One way to encode: `level` 0 means stored as it is.
struct Encoding {
  int level = 0;
  std::uint8_t filter_width = 0;
  friend bool operator==(const Encoding&, const Encoding&) = default;
};

/// A choice and what it should give: stored size in thousandths of the raw size.
struct ProbeResult {
  Encoding encoding;
  std::uint32_t permille = 1000;
};

/// Smaller than this is worth compressing: a gain of 6 % at least.
inline constexpr std::uint32_t kWorthwhilePermille = 940;

/// Looks at some pieces of `raw`. Noise costs about as much as copying it; everything else a few fast compressions of the pieces.
class Probe {
 public:
  ProbeResult look(ByteView raw);

 private:
  [[nodiscard]] std::uint32_t measure(ByteView sample, Encoding encoding);
  ZstdCompressor compressor_;
  Bytes sample_;
  Bytes shuffled_;
  Bytes compressed_;
};

}  // namespace metamori
