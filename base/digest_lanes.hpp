#pragma once

// SHA-256 of three inputs at a time with the SHA instructions of x86: one alone leaves most of the unit idle, waiting for its own result.

#include <span>

#include "metamori/types.hpp"

namespace metamori::digest {

/// Whether this processor has the instructions.
bool has_sha_instructions() noexcept;

/// SHA-256 (FIPS 180-4) of each of `inputs` into the place of `ids` of the same index. Only where has_sha_instructions().
void sha256_lanes(std::span<const ByteView> inputs, std::span<ChunkId> ids) noexcept;

}  // namespace metamori::digest
