#pragma once

// RC_GTEST_PROP for properties as tests, and properties that grow with METAMORI_TEST_SCALE.

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/detail/Configuration.h>
#include <rapidcheck/gtest.h>

#include <cstdlib>
#include <sstream>
#include <string>

namespace metamori::test {

/// How many times longer than in a quick run loops of random tests go on: environment METAMORI_TEST_SCALE, 1 if unset.
inline int test_scale() {
  const char* const text = std::getenv("METAMORI_TEST_SCALE");
  const int scale = text == nullptr ? 1 : std::atoi(text);
  return scale < 1 ? 1 : scale;
}

/// Checks `property` with `count` * test_scale() random inputs of sizes up to `max_size`; fails the running test if one does not hold.
template <class Property>
void check_many(int count, int max_size, Property property) {
  rc::detail::TestParams params = rc::detail::configuration().testParams;
  params.maxSuccess = count * test_scale();
  params.maxSize = max_size;
  rc::detail::TestMetadata metadata;
  metadata.id = ::testing::UnitTest::GetInstance()->current_test_info()->name();
  metadata.description = metadata.id;
  const auto result = rc::detail::checkTestable(std::move(property), metadata, params);
  if (result.template is<rc::detail::SuccessResult>()) return;
  std::ostringstream message;
  rc::detail::printResultMessage(result, message);
  ADD_FAILURE() << message.str() << "\nRC_PARAMS=seed=" << params.seed;
}

}  // namespace metamori::test
