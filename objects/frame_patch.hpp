#pragma once

// Patches: the ranges of a chunk that differ from its base. docs/format.md, section 4.

#include <string_view>

#include "metamori/types.hpp"

namespace metamori {

/// Puts the patch that turns `base` into `raw` into `out`; gives up (false) once it would be larger than `limit` bytes.
bool encode_patch(ByteView raw, ByteView base, std::size_t limit, Bytes& out);

/// Turns `bytes` from the base into what the patch makes of it: cut or padded with zeros to `raw_len` bytes, ranges overwritten. Costs what
/// the ranges hold. Throws corrupt.
void apply_patch(ByteView patch, std::size_t raw_len, Bytes& bytes, std::string_view where);

}  // namespace metamori
