#include <algorithm>

#include "base/assert.hpp"
#include "metamori/error.hpp"
#include "objects/stream_list.hpp"
#include "objects/tree_path.hpp"

namespace metamori {

struct ExtentCursor::Impl {
  Impl(ChunkSource& where, const StreamRef& ref) : source(where), path(Extent{ref.id, ref.length}, ref.level) {}

  /// Reads the list that is the current item and goes to its first item.
  void open() {
    const Extent item = path.item();
    source.read(item.id, buffer);
    decode_list(buffer, item.id, path.item_level(), item.length, path.at_top(), path.scratch());
    path.enter();
  }

  ChunkSource& source;
  TreePath<Extent> path;
  Bytes buffer;
  std::uint64_t hole_end = 0;  ///< where the extent just left ended, if it was a hole; else 0
};

ExtentCursor::ExtentCursor(ChunkSource& source, const StreamRef& ref) : impl_(std::make_unique<Impl>(source, ref)) {}
ExtentCursor::~ExtentCursor() = default;
ExtentCursor::ExtentCursor(ExtentCursor&&) noexcept = default;

bool ExtentCursor::at_end() const noexcept { return impl_->path.at_end(); }
std::uint64_t ExtentCursor::offset() const noexcept { return impl_->path.offset(); }

const Extent* ExtentCursor::current() const {
  auto& path = impl_->path;
  if (path.at_end()) return nullptr;
  while (path.item_level() > 0) impl_->open();
  const Extent& extent = path.item();
  if (extent.is_hole() && impl_->hole_end != 0 && impl_->hole_end == path.offset()) {
    throw Error(ErrorKind::corrupt, "lists: two holes next to each other");
  }
  return &extent;
}

void ExtentCursor::next() {
  const Extent* extent = current();
  MM_ASSERT(extent != nullptr);
  impl_->hole_end = extent->is_hole() ? offset() + extent->length : 0;
  impl_->path.advance();
}

void ExtentCursor::seek(std::uint64_t offset) {
  auto& path = impl_->path;
  impl_->hole_end = 0;
  if (offset >= path.length()) {
    path.move_to_end();
    return;
  }
  path.seek_opened(offset);
  while (path.offset() < offset && path.item_level() > 0) {
    impl_->open();
    path.seek_opened(offset);
  }
}

std::vector<ExtentCursor::Subtree> ExtentCursor::subtrees_here() const {
  std::vector<Subtree> result;
  const auto& path = impl_->path;
  if (path.at_end()) return result;
  for (int level = path.highest_start(); level >= std::max<int>(path.item_level(), 1); --level) {
    const auto at = static_cast<std::uint8_t>(level);
    const Extent& list = path.start_at(at);
    result.push_back({at, list.id, list.length});
  }
  return result;
}

void ExtentCursor::skip(const Subtree& subtree) {
  auto& path = impl_->path;
  MM_ASSERT(!path.at_end() && subtree.level >= std::max<int>(path.item_level(), 1) && subtree.level <= path.highest_start());
  MM_ASSERT(path.start_at(subtree.level).id == subtree.id);
  impl_->hole_end = 0;
  path.skip_start(subtree.level);
}

void skip_shared(ExtentCursor& a, ExtentCursor& b) {
  auto& left = *a.impl_;
  auto& right = *b.impl_;
  while (!left.path.at_end() && !right.path.at_end()) {
    if (skip_highest_shared(left.path, right.path)) {
      left.hole_end = right.hole_end = 0;
      continue;
    }
    const int left_level = left.path.item_level();
    const int right_level = right.path.item_level();
    if (left_level == 0 && right_level == 0) return;
    if (left_level >= right_level) left.open();
    if (right_level >= left_level) right.open();
  }
}

}  // namespace metamori
