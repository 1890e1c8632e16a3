#pragma once

// Bytes that carry a checksum, as they were before one of them changed: whatever the change was, the checksum tells when it is undone.

#include <functional>
#include <optional>

#include "base/bytes.hpp"

namespace metamori {

/// What `bytes` were if one byte of them changed (of more than 4 KiB: one bit; of more than 32 KiB: not tried). `is_sound` is asked for
/// every possibility: up to a million times.
std::optional<Bytes> mend_one_byte(ByteView bytes, const std::function<bool(ByteView)>& is_sound);

/// The same for bytes that end with the SHA-256 of all before; also if the checksum was cut short, or bytes follow it.
std::optional<Bytes> mend_checksummed(ByteView bytes);

}  // namespace metamori
