#pragma once

// RC_GTEST_PROP for properties as tests, and how much of a stress test to run.

#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <cstdlib>
#include <string>

namespace metamori::test {

/// How many times longer than in a quick run loops of random tests go on: environment METAMORI_TEST_SCALE, 1 if unset.
inline int test_scale() {
  const char* const text = std::getenv("METAMORI_TEST_SCALE");
  const int scale = text == nullptr ? 1 : std::atoi(text);
  return scale < 1 ? 1 : scale;
}

}  // namespace metamori::test
