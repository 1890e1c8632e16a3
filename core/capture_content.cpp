#include "core/capture_content.hpp"

#include <algorithm>
#include <cerrno>

#include "base/files.hpp"
#include "objects/chunker.hpp"

namespace metamori {
namespace {

constexpr std::size_t kBatchBytes = std::size_t{1} << 20;

}  // namespace

EarlierContent::EarlierContent(ChunkSource& source, const StreamRef& stream, std::span<const Fingerprint> prints) : prints_(prints) {
  if (prints.empty()) return;
  cursor_.emplace(source, stream);
  load();
}

void EarlierContent::load() {
  current_.reset();
  while (cursor_->current() != nullptr && cursor_->current()->is_hole()) cursor_->next();
  if (cursor_->current() == nullptr || next_print_ == prints_.size()) return;
  offset_ = cursor_->offset();
  current_ = Chunk{*cursor_->current(), prints_[next_print_++], false};
  cursor_->next();
  current_->ends_segment = cursor_->current() == nullptr || cursor_->current()->is_hole();
}

const EarlierContent::Chunk* EarlierContent::at(std::uint64_t offset) {
  while (current_ && offset_ < offset) load();
  return current_ && offset_ == offset ? &*current_ : nullptr;
}

ContentCapture::ContentCapture(const CaptureContext& context, int file, const FileStat& before, const StreamRef& previous)
    : context_(context), file_(file), before_(before), earlier_(context.source, previous, context.fingerprints.find(previous)) {}

int ContentCapture::read() {
  StreamBuilder builder(context_.sink);
  OrderedPut puts(context_.sink, context_.fingerprints, context_.pool);
  const std::uint64_t size = before_.size_bytes;
  const bool may_have_holes = before_.allocated_bytes < size;
  std::uint64_t offset = 0;
  while (offset < size && !came_short_) {
    std::uint64_t begin = offset;
    std::uint64_t end = size;
    if (may_have_holes) {
      const std::int64_t data = context_.system.seek_data(file_, offset);
      if (data < 0 && data != -ENXIO && data != -EINVAL) return static_cast<int>(-data);
      if (data == -ENXIO) begin = size;
      if (data >= 0) {
        begin = std::min<std::uint64_t>(static_cast<std::uint64_t>(data), size);
        const std::int64_t hole = context_.system.seek_hole(file_, begin);
        if (hole < 0 && hole != -ENXIO) return static_cast<int>(-hole);
        if (hole >= 0) end = std::clamp<std::uint64_t>(static_cast<std::uint64_t>(hole), begin, size);
      }
    }
    pending_hole_ += begin - offset;
    if (begin < end)
      if (const int error = read_segment(begin, end, builder, puts)) return error;
    offset = begin < end ? end : size;
  }
  puts.drain([&](const PutBatch& batch) { take(batch, builder); });
  if (pending_hole_ > 0) builder.add({{}, pending_hole_});
  stream_ = builder.finish();
  return 0;
}

int ContentCapture::read_segment(std::uint64_t begin, std::uint64_t end, StreamBuilder& builder, OrderedPut& puts) {
  Bytes carried;
  std::uint64_t offset = begin;  // of the first byte that is not cut yet
  while (offset < end && !came_short_) {
    context_.stop_check();
    auto batch = puts.fresh();
    const std::size_t wanted = static_cast<std::size_t>(std::min<std::uint64_t>(kBatchBytes + max_chunk_bytes(offset), end - offset));
    if (batch->bytes.size() < wanted) batch->bytes.resize(wanted);
    std::copy(carried.begin(), carried.end(), batch->bytes.begin());
    std::size_t filled = carried.size();
    if (const int error = fill(batch->bytes, filled, offset, std::min<std::uint64_t>(end, offset + wanted))) return error;
    const bool is_last = came_short_ || offset + filled == end;
    batch->file_offset = offset;
    const std::size_t done = cut(*batch, filled, end, is_last);
    carried.assign(batch->bytes.begin() + static_cast<std::ptrdiff_t>(done), batch->bytes.begin() + static_cast<std::ptrdiff_t>(filled));
    batch->hole_before = std::exchange(pending_hole_, 0);
    offset += done;
    puts.add(std::move(batch), [&](const PutBatch& stored) { take(stored, builder); });
  }
  return 0;
}

int ContentCapture::fill(Bytes& buffer, std::size_t& filled, std::uint64_t offset, std::uint64_t end) {
  while (offset + filled < end) {
    const std::span<std::byte> rest = std::span(buffer).subspan(filled, static_cast<std::size_t>(end - offset) - filled);
    const std::int64_t got = retry_interrupted([&] { return context_.system.read_at(file_, rest, offset + filled); });
    if (got < 0) return static_cast<int>(-got);
    if (got == 0) {
      came_short_ = true;
      return 0;
    }
    filled += static_cast<std::size_t>(got);
    if (context_.bytes_read != nullptr) *context_.bytes_read += static_cast<std::uint64_t>(got);
  }
  return 0;
}

/// Cuts the first `filled` bytes of the batch as far as cuts are certain: up to the last full chunk, or to the end if `is_last`. Returns
/// the bytes cut.
std::size_t ContentCapture::cut(PutBatch& batch, std::size_t filled, std::uint64_t segment_end, bool is_last) {
  const ByteView bytes = ByteView(batch.bytes).first(filled);
  std::size_t done = 0;
  while (done < filled && (is_last || filled - done >= max_chunk_bytes(batch.file_offset + done))) {
    const std::uint64_t at = batch.file_offset + done;
    PutPiece piece;
    const EarlierContent::Chunk* earlier = earlier_.at(at);
    if (earlier != nullptr && earlier->extent.length <= filled - done &&
        (!earlier->ends_segment || at + earlier->extent.length == segment_end) &&
        context_.fingerprints.of(bytes.subspan(done, earlier->extent.length)) == earlier->fingerprint) {
      piece = {static_cast<std::uint32_t>(earlier->extent.length), earlier->extent.id, earlier->fingerprint};
    } else {
      piece.length = static_cast<std::uint32_t>(next_cut(bytes.subspan(done), at));
    }
    batch.pieces.push_back(piece);
    done += piece.length;
  }
  return done;
}

void ContentCapture::take(const PutBatch& batch, StreamBuilder& builder) {
  if (batch.hole_before > 0) builder.add({{}, batch.hole_before});
  for (const PutPiece& piece : batch.pieces) {
    builder.add({piece.known, piece.length});
    prints_.push_back(piece.fingerprint);
  }
}

bool ContentCapture::agrees_with_second_look() {
  Bytes buffer;
  std::size_t print = 0;
  for (ExtentCursor cursor(context_.source, stream_); cursor.current() != nullptr; cursor.next()) {
    if (cursor.current()->is_hole()) continue;
    context_.stop_check();
    buffer.resize(cursor.current()->length);
    std::size_t filled = 0;
    while (filled < buffer.size()) {
      const std::int64_t got =
          retry_interrupted([&] { return context_.system.read_at(file_, std::span(buffer).subspan(filled), cursor.offset() + filled); });
      if (got <= 0) return false;
      filled += static_cast<std::size_t>(got);
    }
    if (!(context_.fingerprints.of(buffer) == prints_[print++])) return false;
  }
  return true;
}

}  // namespace metamori
