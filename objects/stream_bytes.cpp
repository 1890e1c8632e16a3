#include <algorithm>
#include <cstring>

#include "metamori/error.hpp"
#include "objects/chunker.hpp"
#include "objects/stream.hpp"

namespace metamori {
namespace {

void read_extent(ChunkSource& source, const Extent& extent, Bytes& chunk) {
  source.read(extent.id, chunk);
  if (chunk.size() != extent.length)
    throw Error(ErrorKind::corrupt, "chunk " + to_hex(extent.id) + ": its length is not what the list says");
}

}  // namespace

StreamRef put_bytes(ChunkSink& sink, ByteView bytes, Kind kind) {
  StreamBuilder builder(sink);
  for (std::uint64_t start = 0; !bytes.empty();) {
    const std::size_t length = next_cut(bytes, start);
    builder.add({sink.put(bytes.first(length), kind), length});
    bytes = bytes.subspan(length);
    start += length;
  }
  return builder.finish();
}

Bytes get_bytes(ChunkSource& source, const StreamRef& ref, std::uint64_t limit) {
  if (ref.length > limit) throw Error(ErrorKind::corrupt, "stream " + stream_ref_text(ref) + ": longer than it may be");
  Bytes result;
  Bytes chunk;
  ExtentCursor cursor(source, ref);
  while (const Extent* extent = cursor.current()) {
    if (extent->is_hole()) throw Error(ErrorKind::corrupt, "stream " + stream_ref_text(ref) + ": a hole where none may be");
    read_extent(source, *extent, chunk);
    result.insert(result.end(), chunk.begin(), chunk.end());
    cursor.next();
  }
  return result;
}

void read_content(ChunkSource& source, const StreamRef& ref, std::uint64_t offset, std::span<std::byte> out) {
  if (offset > ref.length || out.size() > ref.length - offset)
    throw Error(ErrorKind::usage, "read past the end of stream " + stream_ref_text(ref));
  Bytes chunk;
  ExtentCursor cursor(source, ref);
  cursor.seek(offset);
  while (!out.empty()) {
    const Extent& extent = *cursor.current();
    const std::uint64_t inside = offset - cursor.offset();
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), extent.length - inside));
    if (extent.is_hole()) {
      std::memset(out.data(), 0, size);
    } else {
      read_extent(source, extent, chunk);
      std::memcpy(out.data(), chunk.data() + inside, size);
    }
    out = out.subspan(size);
    offset += size;
    cursor.next();
  }
}

}  // namespace metamori
