#pragma once

/// \file
/// Bytes, ids and times.

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "metamori/export.hpp"

namespace metamori {

/// Bytes that are owned.
using Bytes = std::vector<std::byte>;
/// Bytes that belong to somebody else: valid as long as those.
using ByteView = std::span<const std::byte>;

/// A fixed-size identifier; the tag keeps the different ones apart.
template <class Tag>
struct Id {
  std::array<std::byte, Tag::size_bytes> bytes{};  ///< first byte first; all zero: no id
  /// Orders by bytes.
  friend auto operator<=>(const Id&, const Id&) = default;
  /// Whether it is no id.
  [[nodiscard]] bool is_zero() const noexcept { return *this == Id{}; }
};
/// Makes Id a SHA-256.
struct ChunkTag {
  static constexpr std::size_t size_bytes = 32;  ///< of a SHA-256
};
/// Makes Id a git object id.
struct CheckpointTag {
  static constexpr std::size_t size_bytes = 20;  ///< of a SHA-1
};
/// SHA-256 of a chunk's bytes; also of packs' indexes and of roots.
using ChunkId = Id<ChunkTag>;
/// The git object id of a checkpoint's commit: its public id.
using CheckpointId = Id<CheckpointTag>;

/// A moment of the real-time clock. `nanoseconds` is in [0, 10^9) also for moments before 1970.
struct Time {
  std::int64_t seconds = 0;       ///< since 1970-01-01 00:00 UTC; rounded down
  std::uint32_t nanoseconds = 0;  ///< of the second
  /// Earlier before later.
  friend auto operator<=>(const Time&, const Time&) = default;
};

/// Lower-case hexadecimal digits of `bytes`.
METAMORI_API std::string to_hex(ByteView bytes);
/// Lower-case hexadecimal digits of an id.
template <class Tag>
std::string to_hex(const Id<Tag>& id) {
  return to_hex(ByteView(id.bytes));
}

}  // namespace metamori

/// \cond
/// Ids are uniformly distributed: their first bytes are the hash.
template <class Tag>
struct std::hash<metamori::Id<Tag>> {
  /// The first bytes of `id`.
  std::size_t operator()(const metamori::Id<Tag>& id) const noexcept {
    std::size_t value = 0;
    for (std::size_t i = 0; i < sizeof value; ++i) value |= static_cast<std::size_t>(id.bytes[i]) << (8 * i);
    return value;
  }
};
/// \endcond
