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

/// Fills `buffer`, or tells that the file has become shorter or can't be read.
bool ContentCapture::read_again(std::span<std::byte> buffer, std::uint64_t offset) {
  std::size_t filled = 0;
  while (filled < buffer.size()) {
    const std::int64_t got = retry_interrupted([&] { return context_.system.read_at(file_, buffer.subspan(filled), offset + filled); });
    if (got <= 0) return false;
    filled += static_cast<std::size_t>(got);
  }
  return true;
}

/// Of what was captured as a hole. Reads only what the file system says to be data by now.
bool ContentCapture::still_reads_as_zeros(std::uint64_t begin, std::uint64_t end, Bytes& buffer) {
  while (begin < end) {
    const std::int64_t data = context_.system.seek_data(file_, begin);
    if (data == -ENXIO || (data >= 0 && static_cast<std::uint64_t>(data) >= end)) return true;
    const std::int64_t hole = data < 0 ? data : context_.system.seek_hole(file_, static_cast<std::uint64_t>(data));
    if (hole <= data) return false;
    begin = static_cast<std::uint64_t>(data);
    for (const std::uint64_t data_end = std::min(end, static_cast<std::uint64_t>(hole)); begin < data_end; begin += buffer.size()) {
      context_.stop_check();
      buffer.resize(static_cast<std::size_t>(std::min<std::uint64_t>(kBatchBytes, data_end - begin)));
      if (!read_again(buffer, begin)) return false;
      if (std::any_of(buffer.begin(), buffer.end(), [](std::byte byte) { return byte != std::byte{0}; })) return false;
    }
  }
  return true;
}

bool ContentCapture::agrees_with_second_look() {
  Bytes buffer;
  std::size_t print = 0;
  for (ExtentCursor cursor(context_.source, stream_); cursor.current() != nullptr; cursor.next()) {
    context_.stop_check();
    const Extent& extent = *cursor.current();
    if (extent.is_hole()) {
      if (!still_reads_as_zeros(cursor.offset(), cursor.offset() + extent.length, buffer)) return false;
      continue;
    }
    buffer.resize(extent.length);
    if (!read_again(buffer, cursor.offset())) return false;
    if (!(context_.fingerprints.of(buffer) == prints_[print++])) return false;
  }
  FileStat now;  // a hole at the end reads as nothing where the file was cut
  return retry_interrupted([&] { return context_.system.stat(file_, now); }) >= 0 && now.size_bytes >= stream_.length;
}

}  // namespace metamori
