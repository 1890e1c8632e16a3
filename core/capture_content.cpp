#include "core/capture_content.hpp"

#include <algorithm>
#include <cerrno>

#include "base/files.hpp"
#include "core/read_meter.hpp"
#include "objects/chunker.hpp"

namespace metamori {
namespace {

constexpr std::size_t kBatchBytes = std::size_t{1} << 20;
constexpr std::size_t kBatchPieces = 4096;
/// An edit in place is over after this many cuts, mostly: then larger reads pay, and bytes may have been inserted.
constexpr std::size_t kCutsOfAnEdit = 2;
constexpr std::size_t kAloneBytes = 16U << 10;

}  // namespace

ContentCapture::ContentCapture(const CaptureContext& context, int file, const FileStat& before, const StreamRef& previous)
    : context_(context),
      file_(file),
      before_(before),
      previous_(previous),
      earlier_(context, file, previous, context.fingerprints.find(previous)) {}

int ContentCapture::read() {
  StreamBuilder builder(context_.sink, {&context_.source, previous_});
  OrderedPut puts(context_.sink, context_.fingerprints, context_.pool);
  const std::uint64_t size = before_.size_bytes;
  const bool may_have_holes = before_.allocated_bytes < size;
  std::uint64_t offset = 0;
  while (offset < size && !came_short_) {
    std::uint64_t begin = offset;
    std::uint64_t end = size;
    if (may_have_holes) {
      const std::int64_t data = retry_interrupted([&] { return context_.system.seek_data(file_, offset); });
      if (data < 0 && data != -ENXIO && data != -EINVAL) return static_cast<int>(-data);
      if (data == -ENXIO) begin = size;
      if (data >= 0) {
        begin = std::min<std::uint64_t>(static_cast<std::uint64_t>(data), size);
        const std::int64_t hole = retry_interrupted([&] { return context_.system.seek_hole(file_, begin); });
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
  carried_.clear();
  for (std::uint64_t offset = begin; offset < end;) {
    context_.stop_check();
    auto batch = puts.fresh();
    batch->hole_before = std::exchange(pending_hole_, 0);
    if (const int error = fill(*batch, offset, end)) return error;
    puts.add(std::move(batch), [&](const PutBatch& stored) { take(stored, builder); });
    if (came_short_ && ahead_ == 0 && carried_.empty()) break;
  }
  return 0;
}

/// Adds pieces from `offset` on until the batch is full, or the segment or the file ends.
int ContentCapture::fill(PutBatch& batch, std::uint64_t& offset, std::uint64_t end) {
  used_ = 0;
  ahead_ = carried_.size();
  if (batch.bytes.size() < ahead_) batch.bytes.resize(ahead_);
  std::copy(carried_.begin(), carried_.end(), batch.bytes.begin());
  carried_.clear();
  while (offset < end && used_ < kBatchBytes && batch.pieces.size() < kBatchPieces) {
    if (add_same(batch, offset, end)) continue;
    if (const int error = look_ahead(batch.bytes, offset, end)) return error;
    if (ahead_ == 0) return 0;
    add_cut(batch, offset);
  }
  const auto rest = batch.bytes.begin() + static_cast<std::ptrdiff_t>(used_);
  carried_.assign(rest, rest + static_cast<std::ptrdiff_t>(ahead_));
  return 0;
}

/// A chunk that is as it was, if one starts here.
bool ContentCapture::add_same(PutBatch& batch, std::uint64_t& offset, std::uint64_t end) {
  const EarlierContent::Chunk* const earlier = earlier_.at(offset);
  if (earlier == nullptr) {
    ++misplaced_in_a_row_;
    return false;
  }
  misplaced_in_a_row_ = 0;
  const std::uint64_t length = earlier->extent.length;
  if (!earlier->is_same || length > end - offset || (earlier->ends_segment && offset + length != end)) return false;
  PutPiece piece;
  piece.length = static_cast<std::uint32_t>(length);
  piece.known = earlier->extent.id;
  piece.fingerprint = earlier->fingerprint;
  batch.pieces.push_back(std::move(piece));
  offset += length;
  ahead_ = 0;
  cuts_in_a_row_ = 0;
  return true;
}

/// Reads until the next cut is certain.
int ContentCapture::look_ahead(Bytes& buffer, std::uint64_t offset, std::uint64_t end) {
  const std::uint64_t needed = std::min<std::uint64_t>(max_chunk_bytes(offset), end - offset);
  if (ahead_ >= needed || came_short_) return 0;
  const bool is_long = !earlier_.is_known() || cuts_in_a_row_ >= kCutsOfAnEdit;
  const auto wanted = static_cast<std::size_t>(is_long ? std::min<std::uint64_t>(kBatchBytes + needed, end - offset) : needed);
  if (buffer.size() < used_ + wanted) buffer.resize(used_ + wanted);
  while (ahead_ < wanted) {
    const std::span<std::byte> room = std::span(buffer).subspan(used_ + ahead_, wanted - ahead_);
    const std::int64_t got = retry_interrupted([&] { return context_.system.read_at(file_, room, offset + ahead_); });
    if (got < 0) return static_cast<int>(-got);
    if (got == 0) {
      came_short_ = true;
      return 0;
    }
    ahead_ += static_cast<std::size_t>(got);
    context_.reads.note(static_cast<std::uint64_t>(got));
  }
  return 0;
}

void ContentCapture::add_cut(PutBatch& batch, std::uint64_t& offset) {
  const ByteView bytes = ByteView(batch.bytes).subspan(used_, ahead_);
  PutPiece piece;
  piece.length = static_cast<std::uint32_t>(next_cut(bytes, offset));
  piece.at = static_cast<std::uint32_t>(used_);
  if (earlier_.is_known() && misplaced_in_a_row_ > kCutsOfAnEdit) {
    piece.fingerprint = context_.fingerprints.of(bytes.first(piece.length));
    if (const auto known = earlier_.realign(offset, piece.length, piece.fingerprint)) piece.known = *known;
  }
  if (piece.known.is_zero()) piece.like = like(offset, piece.length);
  ++cuts_in_a_row_;
  offset += piece.length;
  used_ += piece.length;
  ahead_ -= piece.length;
  batch.pieces.push_back(std::move(piece));
}

/// What the bytes may differ little from.
BaseList ContentCapture::like(std::uint64_t offset, std::uint32_t length) {
  if (earlier_.is_known()) return earlier_.covering(offset, length);
  // One chunk: not worth it for small ones, which take less space beside others than they would alone.
  if (offset == 0 && previous_.level == 0 && previous_.length >= kAloneBytes && length >= kAloneBytes) return {{previous_.id}, 0};
  return {};
}

void ContentCapture::take(const PutBatch& batch, StreamBuilder& builder) {
  if (batch.hole_before > 0) builder.add({{}, batch.hole_before});
  for (const PutPiece& piece : batch.pieces) {
    builder.add({piece.known, piece.length});
    prints_.push_back(piece.fingerprint);
  }
}

bool ContentCapture::agrees_with_second_look() { return EarlierContent(context_, file_, stream_, prints_).is_all_same(); }

}  // namespace metamori
