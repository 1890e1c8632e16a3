#pragma once

// Patches: the ranges of a chunk that differ from its base. docs/format.md, section 4.

#include <string_view>

#include "metamori/types.hpp"

namespace metamori {

/// Puts the patch that turns `base` into `raw` into `out`; gives up (false) once it would be larger than `limit` bytes.
bool encode_patch(ByteView raw, ByteView base, std::size_t limit, Bytes& out);

/// Puts `base`, cut or padded with zeros to `raw_len` bytes and with `patch` applied, into `out`. Throws corrupt.
void apply_patch(ByteView patch, ByteView base, std::size_t raw_len, Bytes& out, std::string_view where);

}  // namespace metamori
