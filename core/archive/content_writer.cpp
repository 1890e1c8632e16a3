#include "core/archive/content_writer.hpp"

#include "base/assert.hpp"
#include "objects/chunker.hpp"

namespace metamori {

void ContentWriter::add(std::uint64_t offset, ByteView bytes) {
  if (bytes.empty()) return;
  skip_to(offset);
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  store(false);
}

StreamRef ContentWriter::finish(std::uint64_t size) {
  skip_to(size);
  store(true);
  return stream_.finish();
}

void ContentWriter::skip_to(std::uint64_t offset) {
  MM_ASSERT(offset >= end());
  if (offset == end()) return;
  store(true);
  stream_.add({{}, offset - start_});
  start_ = offset;
}

void ContentWriter::store(bool is_segment_end) {
  for (;;) {
    const ByteView rest = ByteView(buffer_).subspan(begin_);
    if (rest.empty() || (!is_segment_end && rest.size() < max_chunk_bytes(start_))) break;
    const std::size_t length = next_cut(rest, start_);
    stream_.add({sink_.put(rest.first(length), Kind::data), length});
    begin_ += length;
    start_ += length;
  }
  buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(begin_));
  begin_ = 0;
}

}  // namespace metamori
