#include <algorithm>

#include "objects/stream.hpp"

namespace metamori {
namespace {

/// Joins ranges that touch before they are told.
class RangeJoiner {
 public:
  explicit RangeJoiner(const std::function<void(Range)>& visit) : visit_(visit) {}
  void add(std::uint64_t from, std::uint64_t to) {
    if (range_.length != 0 && range_.offset + range_.length == from) {
      range_.length += to - from;
      return;
    }
    flush();
    range_ = {from, to - from};
  }
  void flush() {
    if (range_.length != 0) visit_(range_);
    range_ = {};
  }

 private:
  const std::function<void(Range)>& visit_;
  Range range_;
};

}  // namespace

void for_each_difference(ChunkSource& source, const StreamRef& a, const StreamRef& b, const std::function<void(Range)>& visit) {
  if (a == b) return;
  RangeJoiner ranges(visit);
  ExtentCursor left(source, a);
  ExtentCursor right(source, b);
  for (;;) {
    if (left.offset() == right.offset()) skip_shared(left, right);
    if (left.at_end() || right.at_end()) break;
    const Extent& x = *left.current();
    const Extent& y = *right.current();
    const std::uint64_t left_end = left.offset() + x.length;
    const std::uint64_t right_end = right.offset() + y.length;
    // Extents that start together differ here: equal ones were skipped.
    if (!x.is_hole() || !y.is_hole()) ranges.add(std::max(left.offset(), right.offset()), std::min(left_end, right_end));
    if (left_end <= right_end) left.next();
    if (right_end <= left_end) right.next();
  }
  if (a.length != b.length) ranges.add(std::min(a.length, b.length), std::max(a.length, b.length));
  ranges.flush();
}

}  // namespace metamori
