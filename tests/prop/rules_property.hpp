#pragma once

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <sstream>
#include <string>
#include <utility>

#include "tests/support/rapidcheck_gtest.hpp"

namespace metamori::test {

/// Runs a property 100 times, times the test scale, each time on new input (a loop around rc::check would begin with the same seed again
/// and again).
template <class Testable>
void expect_property(const std::string& description, Testable&& testable) {
  rc::detail::TestMetadata metadata;
  metadata.id = metadata.description = description;
  rc::detail::TestParams params = rc::detail::configuration().testParams;
  params.maxSuccess *= test_scale();
  const auto result = rc::detail::checkTestable(std::forward<Testable>(testable), metadata, params);
  std::ostringstream message;
  rc::detail::printResultMessage(result, message);
  EXPECT_TRUE(result.template is<rc::detail::SuccessResult>()) << message.str();
}

}  // namespace metamori::test
