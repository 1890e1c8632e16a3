#include "fuzz/nodes_targets.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "objects/directory_leaf.hpp"
#include "objects/stream_list.hpp"
#include "support/memory_chunks.hpp"

namespace metamori::test {
namespace {

/// Runs `call`; corrupt input is an answer, anything else thrown is not.
template <class Call>
bool accepted(Call call) {
  try {
    call();
    return true;
  } catch (const Error& error) {
    MM_ASSERT(error.kind() == ErrorKind::corrupt);
    return false;
  }
}

/// The sum of the spans as far as they can be read, so that most inputs get past that check.
std::uint64_t span_told(ByteView input) {
  std::uint64_t sum = 0;
  accepted([&] {
    for (ByteReader in(input, "list"); !in.at_end();) {
      in.take(32);
      sum += in.varint();
    }
  });
  return sum;
}

}  // namespace

void fuzz_list(ByteView input) {
  MemoryChunks chunks;
  const StreamRef ref{1, std::max<std::uint64_t>(span_told(input), 1), chunks.put(input, Kind::list)};
  StreamBuilder builder(chunks);
  std::size_t count = 0;
  const bool is_whole = accepted([&] {
    for (ExtentCursor cursor(chunks, ref); cursor.current() != nullptr; cursor.next(), ++count) builder.add(*cursor.current());
  });
  MM_ASSERT(count <= input.size());
  if (is_whole) {
    const StreamRef again = builder.finish();
    MM_ASSERT(again.length == ref.length && (again.level > 1 || again.id == ref.id));
    accepted([&] {
      ExtentCursor cursor(chunks, ref);
      cursor.seek(ref.length / 2);
      MM_ASSERT(cursor.current() != nullptr && cursor.offset() <= ref.length / 2);
    });
  }
  for (const std::uint8_t level : {std::uint8_t{2}, std::uint8_t{15}}) {
    accepted([&] {
      for (ExtentCursor cursor(chunks, {level, ref.length, ref.id}); cursor.current() != nullptr;) cursor.next();
    });
  }
  accepted([&] {
    ByteReader in(input, "reference");
    const StreamRef decoded = decode_stream_ref(in);
    ByteWriter out;
    encode_stream_ref(decoded, out);
    MM_ASSERT(std::equal(out.view().begin(), out.view().end(), input.begin()));
  });
}

void fuzz_directory(ByteView input) {
  MemoryChunks chunks;
  const ChunkId id = chunks.put(input, Kind::directory);
  // Entries are counted as they come: a count that is too high is only noticed at the end.
  std::uint64_t count = 0;
  Entry entry;
  const bool is_refused = !accepted([&] {
    LeafReader reader;
    reader.open(input, id, input.size() + 1, {}, {});
    while (reader.next(entry)) ++count;
  });
  MM_ASSERT(is_refused && count <= input.size());
  if (count > 0) {
    LeafWriter writer;
    const bool is_whole = accepted([&] {
      for (DirectoryCursor cursor(chunks, {0, count, id}); cursor.current() != nullptr; cursor.next()) writer.add(*cursor.current());
    });
    if (is_whole) MM_ASSERT(sha256(writer.finish()) == id);
  }
  for (const std::uint8_t level : {std::uint8_t{1}, std::uint8_t{15}}) {
    for (const std::uint64_t length : {std::uint64_t{1}, std::uint64_t{2}, std::uint64_t{64}}) {
      accepted([&] { find_entry(chunks, {level, length, id}, "m"); });
    }
  }
}

void fuzz_root(ByteView input) {
  MemoryChunks chunks;
  const ChunkId id = chunks.put(input, Kind::other);
  Root root;
  if (accepted([&] { root = get_root(chunks, id); })) {
    LeafWriter leaf;
    leaf.add(root.top);
    ByteWriter out;
    out.u8(1);
    out.raw(leaf.finish());
    encode_stream_ref(root.links, out);
    MM_ASSERT(sha256(out.view()) == id);
  }
  Root linked;
  linked.links = {0, input.size(), id};
  LinkTable links;
  if (!input.empty() && accepted([&] { links = get_links(chunks, linked); })) {
    ByteWriter out;
    for (const auto& group : links) {
      out.varint(group.size());
      for (const std::string& path : group) out.bytes(as_bytes(path));
    }
    MM_ASSERT(sha256(out.view()) == id);
  }
}

}  // namespace metamori::test
