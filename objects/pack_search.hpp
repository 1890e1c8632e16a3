#pragma once

#include <algorithm>
#include <bit>
#include <cstring>

#include "metamori/types.hpp"

namespace metamori {

/// The first 8 bytes of an id as a number that sorts as the id does.
inline std::uint64_t id_prefix(const std::byte* id) noexcept {
  std::uint64_t prefix = 0;
  std::memcpy(&prefix, id, sizeof prefix);
  return __builtin_bswap64(prefix);
}

/// Number of the first of `count` sorted ids that is not below `id`; `at(i)` points to the bytes of number i. Ids are uniform, so the place
/// is guessed twice from the neighbours' values and then closed in from the guess: a handful of probes, close together; in the worst case
/// (ids that somebody chose) a logarithmic number.
template <class At>
std::size_t lower_bound_id(std::size_t count, const ChunkId& id, At at) {
  const auto below = [&](std::size_t i) { return std::memcmp(at(i), id.bytes.data(), ChunkTag::size_bytes) < 0; };
  const std::uint64_t wanted = id_prefix(id.bytes.data());
  std::size_t low = 0;       // everything before it is below
  std::size_t high = count;  // it and everything after is not
  std::uint64_t low_value = 0;
  std::uint64_t high_value = ~std::uint64_t{0};
  std::size_t guess = count / 2;
  for (int round = 0; round < 2 && high - low > 8; ++round) {
    const double share = high_value > low_value && wanted >= low_value
                             ? static_cast<double>(wanted - low_value) / static_cast<double>(high_value - low_value)
                             : 0.5;
    guess = low + std::min(high - low - 1, static_cast<std::size_t>(std::min(share, 1.0) * static_cast<double>(high - low)));
    const std::uint64_t value = id_prefix(at(guess));
    if (below(guess)) {
      low = guess + 1;
      low_value = value;
    } else {
      high = guess;
      high_value = value;
    }
  }
  for (std::size_t step = 4; high - low > step; step *= 2) {
    // The last guess is next to `low` or to `high`: look a little way off on that side.
    const bool from_low = low == guess + 1;
    const std::size_t probe = from_low ? low + step : high - step;
    if (probe >= high || probe < low) break;
    if (below(probe)) {
      low = probe + 1;
      if (!from_low) break;
      guess = probe;
    } else {
      high = probe;
      if (from_low) break;
    }
  }
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    if (below(middle)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

}  // namespace metamori
