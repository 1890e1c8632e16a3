#include "core/archive/acl.hpp"

#include <algorithm>
#include <bit>
#include <tuple>

#include "base/bytes.hpp"

namespace metamori {
namespace {

constexpr std::uint32_t kVersion = 2;
constexpr std::size_t kHeaderBytes = 4;
constexpr std::size_t kEntryBytes = 8;
constexpr std::uint32_t kNoId = 0xFFFFFFFF;
constexpr std::uint16_t kAllTags = 0x3F;

bool has_id(AclTag tag) noexcept { return tag == AclTag::user || tag == AclTag::group; }

}  // namespace

std::optional<std::vector<AclEntry>> decode_acl(ByteView attribute) {
  if (attribute.size() < kHeaderBytes || (attribute.size() - kHeaderBytes) % kEntryBytes != 0) return std::nullopt;
  ByteReader in(attribute, "an access control list");
  if (in.u32() != kVersion) return std::nullopt;
  std::vector<AclEntry> entries;
  while (!in.at_end()) {
    const std::uint16_t tag = in.u16();
    if (!std::has_single_bit(tag) || (tag & kAllTags) == 0) return std::nullopt;
    AclEntry entry;
    entry.tag = static_cast<AclTag>(tag);
    entry.permissions = in.u16();
    const std::uint32_t id = in.u32();
    if (entry.permissions > 7 || (id == kNoId) == has_id(entry.tag)) return std::nullopt;
    entry.id = has_id(entry.tag) ? id : 0;
    entries.push_back(entry);
  }
  const Bytes again = encode_acl(entries);
  if (!std::equal(again.begin(), again.end(), attribute.begin(), attribute.end())) return std::nullopt;
  return entries;
}

Bytes encode_acl(std::vector<AclEntry> entries) {
  std::sort(entries.begin(), entries.end(),
            [](const AclEntry& a, const AclEntry& b) { return std::tie(a.tag, a.id) < std::tie(b.tag, b.id); });
  ByteWriter out;
  out.u32(kVersion);
  for (const AclEntry& entry : entries) {
    out.u16(static_cast<std::uint16_t>(entry.tag));
    out.u16(entry.permissions);
    out.u32(has_id(entry.tag) ? entry.id : kNoId);
  }
  return out.take();
}

}  // namespace metamori
