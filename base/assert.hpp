#pragma once

namespace metamori {

/// Ends the process with a message: for our own bugs only, never for bad input.
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line) noexcept;

}  // namespace metamori

/// Stays on in release builds.
#define MM_ASSERT(expression) ((expression) ? void(0) : ::metamori::assertion_failed(#expression, __FILE__, __LINE__))
