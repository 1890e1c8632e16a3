#pragma once

#include <cstdint>
#include <string>

namespace metamori::test {

/// Bytes that nothing makes smaller, the same for the same seed: a linear congruential generator modulo 2^32 (Numerical Recipes), of which
/// the highest byte is taken.
inline std::string noise(std::size_t size, std::uint32_t seed) {
  std::string text(size, '\0');
  std::uint32_t state = seed * 2654435761U + 1;
  for (char& byte : text) byte = static_cast<char>((state = state * 1664525U + 1013904223U) >> 24U);
  return text;
}

}  // namespace metamori::test
