#pragma once

#include <functional>
#include <span>
#include <vector>

#include "metamori/changes.hpp"

namespace metamori {

/// Fills `out` with content from `offset` on and returns how much there was.
using ReadContent = std::function<std::size_t(std::uint64_t offset, std::span<std::byte> out)>;

/// Finds the bytes in which two contents differ, at equal offsets. Differences with at most `gap` equal bytes between them are told as one
/// range; where there would be too many ranges, with more.
class DiffRanges {
 public:
  static constexpr std::size_t kMaxRanges = 1U << 16U;

  DiffRanges(ReadContent before, ReadContent after, std::uint64_t gap);
  /// Looks at a stretch that both have. Stretches must come in ascending order.
  void compare(const ByteRange& stretch);
  /// A stretch that differs as a whole.
  void add(const ByteRange& range);
  std::vector<ByteRange> take() { return std::move(ranges_); }

 private:
  void join_close();

  ReadContent before_, after_;
  std::uint64_t gap_;
  std::vector<ByteRange> ranges_;
  std::vector<std::byte> left_, right_;
};

}  // namespace metamori
