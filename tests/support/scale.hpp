#pragma once

#include <cstdint>
#include <cstdlib>

namespace metamori::test {

/// How much larger than in the quick suite a sweep is: METAMORI_TEST_SCALE, 1 if not set.
inline std::uint64_t test_scale() {
  const char* text = std::getenv("METAMORI_TEST_SCALE");
  const long long value = text == nullptr ? 1 : std::atoll(text);
  return value < 1 ? 1 : static_cast<std::uint64_t>(value);
}

}  // namespace metamori::test
