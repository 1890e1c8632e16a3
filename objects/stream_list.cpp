#include "objects/stream_list.hpp"

#include "base/assert.hpp"

namespace metamori {

bool list_ends_after(std::uint8_t level, std::size_t count, const ChunkId& id) noexcept {
  if (count >= kMaxListItems) return true;
  if (count < kMinListItems || id.is_zero()) return false;
  // u32, little-endian, modulo 128: the lowest seven bits of its first byte.
  const std::size_t place = (4 * (static_cast<std::size_t>(level) - 1)) % ChunkTag::size_bytes;
  return (id.bytes[place] & std::byte{0x7F}) == std::byte{0};
}

void decode_list(ByteView chunk, const ChunkId& id, std::uint8_t level, std::uint64_t span, bool is_top, std::vector<Extent>& items) {
  MM_ASSERT(level >= 1);
  const std::string what = "list " + to_hex(id);
  ByteReader in(chunk, what);
  items.clear();
  std::uint64_t left = span;
  while (!in.at_end()) {
    if (items.size() == kMaxListItems) in.fail("too many items");
    Extent item;
    item.id = in.id<ChunkTag>();
    item.length = in.varint();
    if (item.length == 0) in.fail("an empty span");
    if (item.length > left) in.fail("spans exceed the length");
    if (item.is_hole()) {
      if (level > 1) in.fail("a hole among lists");
      if (!items.empty() && items.back().is_hole()) in.fail("two holes next to each other");
    } else if (level == 1 && item.length > kMaxRawBytes) {
      in.fail("a chunk longer than chunks may be");
    }
    left -= item.length;
    items.push_back(item);
  }
  if (left != 0) in.fail("spans fall short of the length");
  if (is_top && items.size() == 1 && !items[0].is_hole()) in.fail("a list of one item at the top");
}

}  // namespace metamori
