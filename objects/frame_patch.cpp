#include "objects/frame_patch.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/bytes.hpp"

namespace metamori {
namespace {

struct Range {
  std::size_t begin = 0;
  std::size_t end = 0;
};

// Equal bytes between two ranges are cheaper to repeat than to describe up to this many.
constexpr std::size_t kMergeGap = 4;

std::byte base_byte(ByteView base, std::size_t at) noexcept { return at < base.size() ? base[at] : std::byte{0}; }

/// First position from `at` on where the two differ, or the end of `raw`.
std::size_t next_difference(ByteView raw, ByteView base, std::size_t at) noexcept {
  const std::size_t both = std::min(raw.size(), base.size());
  for (; at + 8 <= both; at += 8) {
    std::uint64_t a = 0;
    std::uint64_t b = 0;
    std::memcpy(&a, raw.data() + at, 8);
    std::memcpy(&b, base.data() + at, 8);
    if (a != b) return at + static_cast<std::size_t>(__builtin_ctzll(a ^ b)) / 8;
  }
  while (at < raw.size() && raw[at] == base_byte(base, at)) ++at;
  return at;
}

/// End of the range that begins at `at`: followed by more than kMergeGap equal bytes, or the end of `raw`.
std::size_t range_end(ByteView raw, ByteView base, std::size_t at) noexcept {
  std::size_t end = at + 1;
  for (std::size_t i = end; i < raw.size() && i - end <= kMergeGap; ++i) {
    if (raw[i] != base_byte(base, i)) end = i + 1;
  }
  return end;
}

}  // namespace

bool encode_patch(ByteView raw, ByteView base, std::size_t limit, Bytes& out) {
  std::vector<Range> ranges;
  std::size_t changed = 0;
  for (std::size_t at = next_difference(raw, base, 0); at < raw.size();) {
    const Range range{at, range_end(raw, base, at)};
    ranges.push_back(range);
    changed += range.end - range.begin;
    if (changed + 2 * ranges.size() > limit) return false;
    at = next_difference(raw, base, range.end);
  }
  ByteWriter writer;
  writer.varint(ranges.size());
  std::size_t previous = 0;
  for (const Range& range : ranges) {
    writer.varint(range.begin - previous);
    writer.varint(range.end - range.begin);
    previous = range.end;
  }
  for (const Range& range : ranges) writer.raw(raw.subspan(range.begin, range.end - range.begin));
  out = writer.take();
  return out.size() <= limit;
}

void apply_patch(ByteView patch, std::size_t raw_len, Bytes& bytes, std::string_view where) {
  ByteReader reader(patch, where);
  const std::uint64_t count = reader.varint();
  if (count > patch.size() / 2) reader.fail("patch with more ranges than bytes");
  std::vector<Range> ranges;
  ranges.reserve(static_cast<std::size_t>(count));
  std::size_t at = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t gap = reader.varint();
    const std::uint64_t length = reader.varint();
    if ((gap == 0 && i != 0) || length == 0) reader.fail("patch with an empty or touching range");
    if (gap > raw_len - at || length > raw_len - at - gap) reader.fail("patch range past the end of the chunk");
    at += static_cast<std::size_t>(gap);
    ranges.push_back({at, at + static_cast<std::size_t>(length)});
    at += static_cast<std::size_t>(length);
  }
  bytes.resize(raw_len, std::byte{0});
  for (const Range& range : ranges) {
    const ByteView replacement = reader.take(range.end - range.begin);
    std::copy(replacement.begin(), replacement.end(), bytes.begin() + static_cast<std::ptrdiff_t>(range.begin));
  }
  reader.expect_end();
}

}  // namespace metamori
