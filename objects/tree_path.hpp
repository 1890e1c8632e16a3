#pragma once

// Where a cursor stands in a tree of chunks: shared by lists (section 6 of docs/format.md) and listings (section 7).

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace metamori {

/// The opened chunks from the top down to the current item. An item of level 0 is what the tree holds (an extent, a leaf); one of a higher
/// level is a chunk not opened yet, so that it can still be skipped unread. Depth is bounded by the top's level. `Child` has an `id`, and
/// span_of(child) says how much content lies below it.
template <class Child>
class TreePath {
 public:
  TreePath(Child top, std::uint8_t level) : level_(level), length_(span_of(top)) {
    steps_.resize(1);
    steps_[0].end = length_;
    steps_[0].children.push_back(std::move(top));
    restart();
  }
  void restart() noexcept {
    depth_ = length_ > 0 ? 1 : 0;
    offset_ = 0;
    steps_[0].index = 0;
  }
  void move_to_end() noexcept {
    depth_ = 0;
    offset_ = length_;
  }
  [[nodiscard]] bool at_end() const noexcept { return depth_ == 0; }
  [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }
  [[nodiscard]] std::uint64_t length() const noexcept { return length_; }
  [[nodiscard]] std::uint8_t item_level() const noexcept { return static_cast<std::uint8_t>(level_ + 1 - depth_); }
  [[nodiscard]] const Child& item() const noexcept { return step().children[step().index]; }
  /// Whether the current item is the tree's top itself.
  [[nodiscard]] bool at_top() const noexcept { return depth_ == 1; }

  /// Where to decode the current item's children to; they count once enter() is called. References to items end here.
  std::vector<Child>& scratch() {
    if (steps_.size() == depth_) steps_.emplace_back();
    return steps_[depth_].children;
  }
  /// Goes down to the first of the children in scratch(), whose spans add up to the item's.
  void enter() noexcept {
    Step& below = steps_[depth_];
    below.index = 0;
    below.start = offset_;
    below.end = offset_ + span_of(item());
    ++depth_;
  }
  /// Past the current item, unread.
  void advance() noexcept {
    offset_ += span_of(item());
    ++step().index;
    while (depth_ > 0 && step().index == step().children.size()) {
      --depth_;
      if (depth_ > 0) ++step().index;
    }
  }

  /// The highest level at which an item starts at the cursor; all levels from item_level() to this one have one.
  [[nodiscard]] std::uint8_t highest_start() const noexcept {
    std::size_t depth = depth_;
    while (depth > 1 && steps_[depth - 1].index == 0) --depth;
    return static_cast<std::uint8_t>(level_ + 1 - depth);
  }
  [[nodiscard]] const Child& start_at(std::uint8_t level) const noexcept {
    const Step& step = steps_[static_cast<std::size_t>(level_ - level)];
    return step.children[step.index];
  }
  void skip_start(std::uint8_t level) noexcept {
    depth_ = static_cast<std::size_t>(level_ - level) + 1;
    advance();
  }

  /// The first item after the current one at the lowest level that has one, or null: a bound for what may lie below the current item.
  [[nodiscard]] const Child* following() const noexcept {
    for (std::size_t depth = depth_; depth > 0; --depth) {
      const Step& step = steps_[depth - 1];
      if (step.index + 1 < step.children.size()) return &step.children[step.index + 1];
    }
    return nullptr;
  }

  /// Closes chunks until the open one holds `offset` (< length) and moves to the item there, without opening it.
  void seek_opened(std::uint64_t offset) noexcept {
    if (at_end()) restart();
    while (depth_ > 1 && (offset < step().start || offset >= step().end)) climb();
    if (offset < offset_) to_first();
    while (offset - offset_ >= span_of(item())) {
      offset_ += span_of(item());
      ++step().index;
    }
  }
  /// To the chunk above, at whose item we then are. Not at the top.
  void climb() noexcept {
    offset_ = step().start;
    --depth_;
  }
  [[nodiscard]] const std::vector<Child>& siblings() const noexcept { return step().children; }
  void to_sibling(std::size_t index) noexcept {
    to_first();
    for (; step().index < index; ++step().index) offset_ += span_of(item());
  }
  [[nodiscard]] std::size_t sibling_index() const noexcept { return step().index; }

 private:
  /// An opened chunk and the place in it; the first step is a row of one, the top.
  struct Step {
    std::vector<Child> children;
    std::size_t index = 0;
    std::uint64_t start = 0;
    std::uint64_t end = 0;
  };
  Step& step() noexcept { return steps_[depth_ - 1]; }
  [[nodiscard]] const Step& step() const noexcept { return steps_[depth_ - 1]; }
  void to_first() noexcept {
    step().index = 0;
    offset_ = step().start;
  }

  std::uint8_t level_;
  std::uint64_t length_;
  std::uint64_t offset_ = 0;
  std::size_t depth_ = 0;  ///< steps in use; the others keep their memory for reuse
  std::vector<Step> steps_;
};

/// Skips the highest item that starts at both cursors. False if there is none among those opened so far.
template <class Child>
bool skip_highest_shared(TreePath<Child>& a, TreePath<Child>& b) noexcept {
  const int high = std::min(a.highest_start(), b.highest_start());
  const int low = std::max(a.item_level(), b.item_level());
  for (int level = high; level >= low; --level) {
    const auto at = static_cast<std::uint8_t>(level);
    const Child& left = a.start_at(at);
    const Child& right = b.start_at(at);
    if (left.id != right.id || span_of(left) != span_of(right)) continue;
    a.skip_start(at);
    b.skip_start(at);
    return true;
  }
  return false;
}

}  // namespace metamori
