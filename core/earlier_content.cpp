#include "core/earlier_content.hpp"

#include <algorithm>
#include <cerrno>

#include "base/bytes.hpp"
#include "base/files.hpp"
#include "core/read_meter.hpp"
#include "core/shared_task.hpp"
#include "objects/chunker.hpp"

namespace metamori {
namespace {

constexpr std::uint64_t kWindowBytes = 4U << 20;
constexpr std::size_t kWindowChunks = 1024;
constexpr std::size_t kPieceBytes = 256U << 10;  ///< fits into the cache of a core
/// More bases than this are not worth reading for one chunk.
constexpr std::size_t kLikeMax = 4;
/// Above this many chunks no place is looked up by fingerprint: the list would take more than 24 MiB.
constexpr std::size_t kSpotsMax = 1U << 20;

}  // namespace

/// Chunks that one task compares.
struct EarlierContent::Window {
  Window(const EarlierContent& content, std::vector<Chunk> the_chunks)
      : chunks(std::move(the_chunks)), task([this, &content] { content.compare(*this); }) {}
  std::vector<Chunk> chunks;
  SharedTask task;
};

EarlierContent::EarlierContent(const CaptureContext& context, int file, const StreamRef& stream, std::span<const Fingerprint> prints)
    : context_(context), file_(file), stream_(stream), prints_(prints) {
  if (stream.length > 0) cursor_.emplace(context.source, stream);
}

EarlierContent::~EarlierContent() { drop_windows(); }

void EarlierContent::drop_windows() {
  for (const auto& window : windows_) window->task.cancel();  // the pool may hold it longer than the file is open
  windows_.clear();
  place_ = 0;
}

/// Takes the next chunks from the lists. False if there are none.
bool EarlierContent::load_window(bool with_holes) {
  std::vector<Chunk> chunks;
  for (std::uint64_t bytes = 0; cursor_ && bytes < kWindowBytes && chunks.size() < kWindowChunks;) {
    const Extent* const extent = cursor_->current();
    if (extent == nullptr) break;
    Chunk chunk{cursor_->offset() + shift_, *extent, {}, false, false};
    if (extent->is_hole()) {
      cursor_->next();
      if (with_holes) chunks.push_back(chunk);
      continue;
    }
    if (next_print_ == prints_.size()) break;
    chunk.fingerprint = prints_[next_print_++];
    bytes += extent->length;
    cursor_->next();
    chunk.ends_segment = cursor_->current() == nullptr || cursor_->current()->is_hole();
    chunks.push_back(chunk);
  }
  if (chunks.empty()) return false;
  windows_.push_back(std::make_shared<Window>(*this, std::move(chunks)));
  if (context_.pool.worker_count() > 1) context_.pool.submit([window = windows_.back()] { window->task.run_if_waiting(); });
  return true;
}

void EarlierContent::load_ahead(bool with_holes) {
  const std::size_t ahead = context_.pool.worker_count() > 1 ? 2 * context_.pool.worker_count() : 1;
  while (windows_.size() < ahead && load_window(with_holes)) continue;
}

void EarlierContent::compare(Window& window) const {
  thread_local Bytes buffer;
  for (Chunk& chunk : window.chunks) chunk.is_same = holds(chunk, buffer);
}

bool EarlierContent::holds(const Chunk& chunk, Bytes& buffer) const {
  if (chunk.extent.is_hole()) return holds_hole(chunk.offset, chunk.offset + chunk.extent.length, buffer);
  // What starts at another offset may be cut otherwise (docs/format.md, section 3).
  if (shift_ != 0 && max_chunk_bytes(chunk.offset) != max_chunk_bytes(chunk.offset - shift_)) return false;
  if (buffer.size() < chunk.extent.length) buffer.resize(std::max<std::size_t>(kPieceBytes, chunk.extent.length));
  const std::span<std::byte> bytes = std::span(buffer).first(chunk.extent.length);
  return read(bytes, chunk.offset) && context_.fingerprints.of(bytes) == chunk.fingerprint;
}

/// Whether a hole still reads as zeros. Reads only what the file system says to be data by now.
bool EarlierContent::holds_hole(std::uint64_t begin, std::uint64_t end, Bytes& buffer) const {
  while (begin < end) {
    const std::int64_t data = retry_interrupted([&] { return context_.system.seek_data(file_, begin); });
    if (data == -ENXIO || (data >= 0 && static_cast<std::uint64_t>(data) >= end)) return true;
    if (data < 0) return false;
    const std::int64_t hole = retry_interrupted([&] { return context_.system.seek_hole(file_, static_cast<std::uint64_t>(data)); });
    if (hole <= data) return false;
    begin = static_cast<std::uint64_t>(data);
    for (const std::uint64_t data_end = std::min(end, static_cast<std::uint64_t>(hole)); begin < data_end;) {
      context_.stop_check();
      buffer.resize(kPieceBytes);
      const std::span<std::byte> piece = std::span(buffer).first(std::min<std::uint64_t>(kPieceBytes, data_end - begin));
      if (!read(piece, begin) || !is_zero(piece)) return false;
      begin += piece.size();
    }
  }
  return true;
}

/// False if the file ends before, or can't be read: who reads it to store it will meet the error, too.
bool EarlierContent::read(std::span<std::byte> buffer, std::uint64_t offset) const {
  for (std::size_t filled = 0; filled < buffer.size();) {
    const std::int64_t got = retry_interrupted([&] { return context_.system.read_at(file_, buffer.subspan(filled), offset + filled); });
    if (got <= 0) return false;
    filled += static_cast<std::size_t>(got);
  }
  context_.reads.note(buffer.size());
  return true;
}

/// To the first chunk that ends after `offset`.
void EarlierContent::move_to(std::uint64_t offset) {
  for (;;) {
    if (windows_.empty()) {
      load_ahead(false);
      if (windows_.empty()) return;
    }
    const auto& chunks = windows_.front()->chunks;
    while (place_ < chunks.size() && chunks[place_].offset + chunks[place_].extent.length <= offset) ++place_;
    if (place_ < chunks.size()) return;
    windows_.front()->task.cancel();
    windows_.pop_front();
    place_ = 0;
    load_ahead(false);
  }
}

const EarlierContent::Chunk* EarlierContent::at(std::uint64_t offset) {
  if (!is_known()) return nullptr;
  move_to(offset);
  if (windows_.empty() || windows_.front()->chunks[place_].offset != offset) return nullptr;
  finish_first(windows_, [](const auto& window) -> SharedTask& { return window->task; });
  return &windows_.front()->chunks[place_];
}

BaseList EarlierContent::covering(std::uint64_t offset, std::uint64_t length) {
  BaseList list;
  if (!is_known()) return list;
  move_to(offset);
  std::uint64_t covered = offset;
  std::size_t place = place_;
  for (std::size_t window = 0; covered < offset + length; ++window, place = 0) {
    if (window == windows_.size() && !load_window(false)) break;
    const auto& chunks = windows_[window]->chunks;
    for (; place < chunks.size() && covered < offset + length; ++place) {
      const Chunk& chunk = chunks[place];
      if (chunk.offset > covered || list.ids.size() == kLikeMax) return list;  // a hole, or too many: what there is may do
      if (list.ids.empty()) list.skip = static_cast<std::uint32_t>(offset - chunk.offset);
      list.ids.push_back(chunk.extent.id);
      covered = chunk.offset + chunk.extent.length;
    }
  }
  return list;
}

void EarlierContent::list_spots() {
  ExtentCursor cursor(context_.source, stream_);
  spots_.reserve(prints_.size());
  for (std::size_t index = 0; index < prints_.size() && cursor.current() != nullptr; cursor.next()) {
    if (cursor.current()->is_hole()) continue;
    spots_.push_back({prints_[index].low, cursor.offset(), index});
    ++index;
  }
  std::sort(spots_.begin(), spots_.end(),
            [](const Spot& a, const Spot& b) { return std::pair(a.print, a.offset) < std::pair(b.print, b.offset); });
}

std::optional<ChunkId> EarlierContent::realign(std::uint64_t offset, std::uint32_t length, const Fingerprint& fingerprint) {
  if (!is_known() || prints_.size() > kSpotsMax) return std::nullopt;
  if (spots_.empty()) list_spots();
  const auto [first, last] = std::equal_range(spots_.begin(), spots_.end(), Spot{fingerprint.low, 0, 0},
                                              [](const Spot& a, const Spot& b) { return a.print < b.print; });
  if (first == last) return std::nullopt;
  const std::uint64_t expected = offset - shift_;
  auto spot = std::lower_bound(first, last, expected, [](const Spot& a, std::uint64_t value) { return a.offset < value; });
  if (spot == last) --spot;
  if (!(prints_[spot->index] == fingerprint)) return std::nullopt;
  drop_windows();
  cursor_->seek(spot->offset);
  const Extent* const extent = cursor_->current();
  if (extent == nullptr || extent->length != length) return std::nullopt;
  const ChunkId id = extent->id;
  shift_ = offset - spot->offset;
  next_print_ = spot->index + 1;
  cursor_->next();
  return id;
}

bool EarlierContent::is_all_same() {
  for (load_ahead(true); !windows_.empty(); load_ahead(true)) {
    context_.stop_check();
    finish_first(windows_, [](const auto& each) -> SharedTask& { return each->task; });
    const auto window = windows_.front();
    if (!std::all_of(window->chunks.begin(), window->chunks.end(), [](const Chunk& chunk) { return chunk.is_same; })) return false;
    windows_.pop_front();
  }
  FileStat now;  // a hole at the end reads as nothing where the file was cut
  return retry_interrupted([&] { return context_.system.stat(file_, now); }) >= 0 && now.size_bytes >= stream_.length;
}

}  // namespace metamori
