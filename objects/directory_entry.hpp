#pragma once

// How one entry and its owner stand in a leaf. docs/format.md, section 7.

#include "objects/directory.hpp"

namespace metamori {

inline constexpr std::size_t kMaxNameBytes = 255;
inline constexpr std::size_t kMaxTargetBytes = 4095;
inline constexpr std::size_t kMaxInlineAttributeBytes = 2048;
inline constexpr std::uint64_t kMaxAttributeSetBytes = 64U << 20;

/// Appends `entry`; `owner` is the index of its owner in the leaf. What no decoder would take is our own bug and ends the process.
void encode_entry(const Entry& entry, std::size_t owner, ByteWriter& out);

/// The owners of a leaf, and how many of them its entries have used so far: they stand in the order of first use.
struct LeafOwners {
  std::vector<Owner> owners;
  std::size_t used_count = 0;
};
void encode_owner(const Owner& owner, ByteWriter& out);
/// The table at the front of a leaf, without its use. Throws corrupt.
void decode_owners(ByteReader& in, LeafOwners& result);

enum class NameRule { component, empty };
/// Overwrites all of `entry`, reusing its memory. Throws corrupt.
void decode_entry(ByteReader& in, LeafOwners& owners, NameRule rule, Entry& entry);

void encode_attributes(const std::vector<Attribute>& attributes, ByteWriter& out);
void decode_attributes(ByteReader& in, std::vector<Attribute>& attributes);

}  // namespace metamori
