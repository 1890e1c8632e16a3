#include "base/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace metamori {

void assertion_failed(const char* expression, const char* file, int line) noexcept {
  // The process is about to end: standard error is the only place left where anybody could learn why.
  std::fprintf(stderr, "metamori: internal error: %s:%d: '%s' does not hold\n", file, line, expression);
  std::abort();
}

}  // namespace metamori
