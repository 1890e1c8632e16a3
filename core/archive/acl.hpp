#pragma once

// POSIX access control lists: as the kernel gives them in an extended attribute, and entry by entry, as archives hold them.

#include <cstdint>
#include <optional>
#include <vector>

#include "metamori/types.hpp"

namespace metamori {

enum class AclTag : std::uint16_t { user_obj = 0x01, user = 0x02, group_obj = 0x04, group = 0x08, mask = 0x10, other = 0x20 };

struct AclEntry {
  AclTag tag = AclTag::user_obj;
  std::uint16_t permissions = 0;  ///< as `rwx`
  std::uint32_t id = 0;           ///< of user and group
};

/// Nothing if these bytes are no list that the kernel would give.
std::optional<std::vector<AclEntry>> decode_acl(ByteView attribute);
/// Sorts them as the kernel does.
Bytes encode_acl(std::vector<AclEntry> entries);

inline constexpr const char* kAccessAcl = "system.posix_acl_access";
inline constexpr const char* kDefaultAcl = "system.posix_acl_default";

}  // namespace metamori
