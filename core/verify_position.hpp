#pragma once

// `cache/verify`: where reading content in parts goes on. Derived: when it is lost, the next part is the first one again.

#include <optional>

#include "core/engine.hpp"

namespace metamori {

/// The frame that is to be read next; packs are read by name, and their frames by offset.
struct VerifyPosition {
  PackName pack;
  std::uint64_t offset = 0;
  friend auto operator<=>(const VerifyPosition&, const VerifyPosition&) = default;
};
Bytes encode_verify_position(const VerifyPosition& position);
std::optional<VerifyPosition> decode_verify_position(ByteView bytes);
/// Nothing if there is none that can be believed.
std::optional<VerifyPosition> read_verify_position(Engine& engine);
/// One that can't be written is no error.
void write_verify_position(Engine& engine, const VerifyPosition& position);

}  // namespace metamori
