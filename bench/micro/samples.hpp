#pragma once

// Content to measure with: the same bytes in every run.

#include <cstdint>

#include "metamori/types.hpp"

namespace metamori::bench {

/// SplitMix64 (Steele, Lea, Flood 2014): the same numbers with every standard library.
class Random {
 public:
  explicit Random(std::uint64_t seed) noexcept : state_(seed) {}
  std::uint64_t next() noexcept;
  std::uint64_t below(std::uint64_t limit) noexcept { return next() % limit; }

 private:
  std::uint64_t state_;
};

enum class Sample : std::uint8_t {
  noise,   ///< nothing to compress
  floats,  ///< 64-bit floats of a smooth field, the low bits noise
  text,    ///< lines of a log
};

Bytes make_sample(Sample sample, std::size_t size_bytes, std::uint64_t seed = 1);

}  // namespace metamori::bench
