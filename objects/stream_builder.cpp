#include <limits>
#include <optional>

#include "base/assert.hpp"
#include "metamori/error.hpp"
#include "objects/stream_list.hpp"

namespace metamori {

struct StreamBuilder::Impl {
  /// The open list of one level; `finished` lists of it were put.
  struct Level {
    ByteWriter items;
    std::size_t count = 0;
    std::uint64_t span = 0;
    std::uint64_t finished = 0;
    ChunkId last;  ///< the last item while the list is open, the last list put once all is closed
  };

  Impl(ChunkSink& where, const Like& like) : sink(where) {
    if (like.stream.level > 0) earlier.emplace(*like.source, like.stream);
  }

  /// Appends an item to the open list of levels[at], and closed lists to the levels above.
  void push(std::size_t at, ChunkId id, std::uint64_t span) {
    if (at == 0) pushed += span;
    for (;; ++at) {
      MM_ASSERT(at < kMaxStreamLevel);
      if (levels.size() == at) levels.emplace_back();
      Level& level = levels[at];
      level.items.id(id);
      level.items.varint(span);
      level.span += span;
      level.last = id;
      ++level.count;
      if (!list_ends_after(static_cast<std::uint8_t>(at + 1), level.count, id)) return;
      span = level.span;
      id = close(at);
    }
  }
  ChunkId close(std::size_t at) {
    Level& level = levels[at];
    level.last = sink.put(level.items.view(), Kind::list, like(at, pushed - level.span));
    level.items.clear();
    level.count = 0;
    level.span = 0;
    ++level.finished;
    return level.last;
  }
  /// The list of the earlier stream that stands at the same level and offset.
  BaseList like(std::size_t at, std::uint64_t offset) {
    if (!earlier) return {};
    earlier->seek(offset);
    if (earlier->current() == nullptr || earlier->offset() != offset) return {};
    for (const ExtentCursor::Subtree& list : earlier->subtrees_here())
      if (list.level == at + 1) return {{list.id}, 0};
    return {};
  }
  void flush_hole() {
    if (hole == 0) return;
    push(0, ChunkId{}, hole);
    hole = 0;
  }

  ChunkSink& sink;
  std::vector<Level> levels;  ///< [0] is level 1
  std::uint64_t hole = 0;     ///< a hole that may go on
  std::uint64_t length = 0;
  std::uint64_t pushed = 0;  ///< `length` without the hole that may go on
  std::optional<ExtentCursor> earlier;
};

StreamBuilder::StreamBuilder(ChunkSink& sink) : StreamBuilder(sink, {}) {}
StreamBuilder::StreamBuilder(ChunkSink& sink, const Like& like) : impl_(std::make_unique<Impl>(sink, like)) {}
StreamBuilder::~StreamBuilder() = default;

void StreamBuilder::add(const Extent& extent) {
  MM_ASSERT(extent.length > 0);
  if (extent.length > std::numeric_limits<std::uint64_t>::max() - impl_->length)
    throw Error(ErrorKind::unsupported, "content of 2^64 bytes or more");
  impl_->length += extent.length;
  if (extent.is_hole()) {
    impl_->hole += extent.length;
    return;
  }
  MM_ASSERT(extent.length <= kMaxRawBytes);
  impl_->flush_hole();
  impl_->push(0, extent.id, extent.length);
}

StreamRef StreamBuilder::finish() {
  impl_->flush_hole();
  auto& levels = impl_->levels;
  if (levels.empty()) return {};
  // One data chunk needs no list.
  if (levels[0].finished == 0 && levels[0].count == 1 && !levels[0].last.is_zero()) return {0, impl_->length, levels[0].last};
  for (std::size_t at = 0;; ++at) {
    MM_ASSERT(at < levels.size());
    if (levels[at].count > 0) {
      const std::uint64_t span = levels[at].span;
      const ChunkId id = impl_->close(at);
      if (levels[at].finished > 1) impl_->push(at + 1, id, span);
    }
    if (levels[at].finished == 1) return {static_cast<std::uint8_t>(at + 1), impl_->length, levels[at].last};
  }
}

}  // namespace metamori
