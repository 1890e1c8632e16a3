#pragma once

#include "base/digest.hpp"
#include "objects/frame.hpp"

namespace metamori::test {

/// One whole chunk as the base of a frame of `depth`. `bytes` must outlive it.
inline EncodingBase on_base(const Bytes& bytes, std::uint16_t depth) { return {{{sha256(bytes)}, 0}, bytes, depth}; }

}  // namespace metamori::test
