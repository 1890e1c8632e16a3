#include "core/diff_ranges.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace metamori {
namespace {

constexpr std::size_t kPieceBytes = 256U << 10U;
constexpr std::size_t kBlockBytes = 256;  ///< compared at once before single bytes are

}  // namespace

DiffRanges::DiffRanges(ReadContent before, ReadContent after, std::uint64_t gap)
    : before_(std::move(before)), after_(std::move(after)), gap_(gap), left_(kPieceBytes), right_(kPieceBytes) {}

void DiffRanges::add(const ByteRange& range) {
  if (range.length == 0) return;
  if (!ranges_.empty()) {
    ByteRange& last = ranges_.back();
    if (range.offset - (last.offset + last.length) <= gap_) {
      last.length = range.offset + range.length - last.offset;
      return;
    }
  }
  ranges_.push_back(range);
  if (ranges_.size() > kMaxRanges) join_close();
}

/// Half as many ranges or less, by joining what is closest.
void DiffRanges::join_close() {
  while (ranges_.size() > kMaxRanges / 2) {
    gap_ = std::max<std::uint64_t>(2 * gap_, 8);
    std::vector<ByteRange> joined;
    for (const ByteRange& range : ranges_) {
      if (!joined.empty() && range.offset - (joined.back().offset + joined.back().length) <= gap_) {
        joined.back().length = range.offset + range.length - joined.back().offset;
      } else {
        joined.push_back(range);
      }
    }
    ranges_ = std::move(joined);
  }
}

void DiffRanges::compare(const ByteRange& stretch) {
  for (std::uint64_t done = 0; done < stretch.length;) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(kPieceBytes, stretch.length - done));
    const std::uint64_t offset = stretch.offset + done;
    const std::size_t there = std::min(before_(offset, std::span(left_).first(wanted)), after_(offset, std::span(right_).first(wanted)));
    for (std::size_t at = 0; at < there;) {
      const std::size_t block = std::min(kBlockBytes, there - at);
      if (std::memcmp(left_.data() + at, right_.data() + at, block) == 0) {
        at += block;
        continue;
      }
      while (left_[at] == right_[at]) ++at;
      std::size_t end = at;
      while (end < there && left_[end] != right_[end]) ++end;
      add({offset + at, end - at});
      at = end;
    }
    // What one of them no longer has, has changed since.
    if (there < wanted) add({offset + there, wanted - there});
    done += wanted;
  }
}

}  // namespace metamori
