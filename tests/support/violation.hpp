#pragma once

// What a check over many states throws: a sweep tells the state it was in, a planted bug wants to see it.

#include <string>

namespace metamori::test {

/// Something is not as promised.
struct Violation {
  std::string what;
};

/// Throws Violation.
inline void expect(bool holds, const std::string& what) {
  if (!holds) throw Violation{what};
}

}  // namespace metamori::test
