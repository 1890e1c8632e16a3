#include <gtest/gtest.h>
#include "support/rapidcheck_gtest.hpp"

#include <optional>

#include "objects/chunker.hpp"
#include "support/node_models.hpp"

namespace metamori::test {
namespace {

std::vector<Extent> random_extents(Random& random, std::size_t count) {
  std::vector<Extent> extents;
  for (std::size_t i = 0; i < count; ++i) extents.push_back(random_extent(random, 6));
  return extents;
}

std::vector<Extent> merged(const std::vector<Extent>& extents) {
  std::vector<Extent> result;
  for (const Extent& extent : extents) {
    if (extent.is_hole() && !result.empty() && result.back().is_hole()) {
      result.back().length += extent.length;
    } else {
      result.push_back(extent);
    }
  }
  return result;
}

std::vector<Extent> expand(ChunkSource& source, const StreamRef& ref) {
  std::vector<Extent> extents;
  for (ExtentCursor cursor(source, ref); cursor.current() != nullptr; cursor.next()) extents.push_back(*cursor.current());
  return extents;
}

/// What stands at each offset: nothing for a hole, else the id and where it starts.
using Place = std::optional<std::pair<ChunkId, std::uint64_t>>;
std::vector<Place> places(const std::vector<Extent>& extents) {
  std::vector<Place> result;
  for (const Extent& extent : extents) {
    const std::uint64_t start = result.size();
    for (std::uint64_t i = 0; i < extent.length; ++i) result.push_back(extent.is_hole() ? Place() : Place({extent.id, start}));
  }
  return result;
}

std::vector<Range> naive_difference(const std::vector<Extent>& a, const std::vector<Extent>& b) {
  const auto left = places(merged(a));
  const auto right = places(merged(b));
  std::vector<Range> ranges;
  for (std::uint64_t i = 0; i < std::max(left.size(), right.size()); ++i) {
    if (i < left.size() && i < right.size() && left[i] == right[i]) continue;
    if (!ranges.empty() && ranges.back().offset + ranges.back().length == i) {
      ++ranges.back().length;
    } else {
      ranges.push_back({i, 1});
    }
  }
  return ranges;
}

/// One random edit; most keep the length, so that what follows stays comparable.
void edit(Random& random, std::vector<Extent>& extents) {
  if (extents.empty()) return extents.push_back(random_extent(random, 6));
  const auto at = static_cast<std::ptrdiff_t>(random() % extents.size());
  auto& extent = extents[static_cast<std::size_t>(at)];
  switch (random() % 8) {
    case 0:
      extents.erase(extents.begin() + at);
      break;
    case 1:
      extents.insert(extents.begin() + at, random_extent(random, 6));
      break;
    case 2:
      extents.resize(static_cast<std::size_t>(at));
      break;
    case 3:
      extents.push_back(random_extent(random, 6));
      break;
    case 4:
      extent.id = {};
      break;
    default:
      extent.id = id_of_number(random());
      break;
  }
}

/// Equal ids have equal lengths, as SHA-256 sees to: the random ones are made so.
void make_lengths_agree(std::vector<Extent>& extents) {
  for (Extent& extent : extents) {
    if (!extent.is_hole()) extent.length = 1 + std::to_integer<std::uint64_t>(extent.id.bytes[9]) % 6;
  }
}

RC_GTEST_PROP(Stream, BuilderAgreesWithTheReferenceAndRoundTrips, (std::uint64_t seed)) {
  Random random(seed);
  const auto count = *rc::gen::inRange<std::size_t>(0, 200);
  const auto extents = random_extents(random, random() % 8 == 0 ? count * 40 : count);
  MemoryChunks chunks;
  const StreamRef ref = build_stream(chunks, extents);
  RC_ASSERT(ref == reference_stream(chunks, extents));
  RC_ASSERT(expand(chunks, ref) == merged(extents));
  ByteWriter encoded;
  encode_stream_ref(ref, encoded);
  ByteReader in(encoded.view(), "test");
  RC_ASSERT(decode_stream_ref(in) == ref);
  RC_ASSERT(in.at_end());
  RC_ASSERT(stream_ref_from_text(stream_ref_text(ref)) == ref);
}

RC_GTEST_PROP(Stream, GroupingOfHolesDoesNotMatter, (std::uint64_t seed)) {
  Random random(seed);
  const auto extents = merged(random_extents(random, *rc::gen::inRange<std::size_t>(0, 300)));
  std::vector<Extent> split;
  for (const Extent& extent : extents) {
    for (std::uint64_t left = extent.length; left > 0;) {
      const std::uint64_t part = extent.is_hole() ? 1 + random() % left : left;
      split.push_back({extent.id, part});
      left -= part;
    }
  }
  MemoryChunks chunks;
  RC_ASSERT(build_stream(chunks, extents) == build_stream(chunks, split));
}

RC_GTEST_PROP(Stream, SeekFindsTheExtentOfEachOffset, (std::uint64_t seed)) {
  Random random(seed);
  const auto extents = merged(random_extents(random, *rc::gen::inRange<std::size_t>(1, 3000)));
  MemoryChunks chunks;
  const StreamRef ref = build_stream(chunks, extents);
  std::vector<std::uint64_t> starts;
  std::uint64_t length = 0;
  for (const Extent& extent : extents) {
    starts.push_back(length);
    length += extent.length;
  }
  ExtentCursor cursor(chunks, ref);
  for (int i = 0; i < 50; ++i) {
    if (random() % 4 == 0 && !cursor.at_end()) cursor.next();
    const std::uint64_t offset = random() % (length + 3);
    cursor.seek(offset);
    if (offset >= length) {
      RC_ASSERT(cursor.at_end());
      RC_ASSERT(cursor.offset() == length);
      RC_ASSERT(cursor.current() == nullptr);
      continue;
    }
    const auto at = static_cast<std::size_t>(std::upper_bound(starts.begin(), starts.end(), offset) - starts.begin()) - 1;
    RC_ASSERT(cursor.offset() == starts[at]);
    RC_ASSERT(*cursor.current() == extents[at]);
    cursor.next();
    RC_ASSERT((cursor.at_end() ? at + 1 == extents.size() : *cursor.current() == extents[at + 1]));
  }
}

RC_GTEST_PROP(Stream, DifferencesAgreeWithTheNaiveOnes, (std::uint64_t seed)) {
  Random random(seed);
  const auto count = *rc::gen::inRange<std::size_t>(0, 400);
  auto a = random_extents(random, random() % 4 == 0 ? count * 10 : count);
  make_lengths_agree(a);
  auto b = a;
  for (std::uint64_t edits = random() % 6; edits > 0; --edits) edit(random, random() % 2 != 0 ? a : b);
  make_lengths_agree(a);
  make_lengths_agree(b);
  MemoryChunks chunks;
  const StreamRef left = build_stream(chunks, a);
  const StreamRef right = build_stream(chunks, b);
  std::vector<Range> ranges;
  for_each_difference(chunks, left, right, [&](Range range) { ranges.push_back(range); });
  RC_ASSERT(ranges == naive_difference(a, b));
}

RC_GTEST_PROP(Stream, SkippingSubtreesIsSteppingOverTheirExtents, (std::uint64_t seed)) {
  Random random(seed);
  const auto extents = merged(random_extents(random, *rc::gen::inRange<std::size_t>(1, 4000)));
  MemoryChunks chunks;
  const StreamRef ref = build_stream(chunks, extents);
  ExtentCursor cursor(chunks, ref);
  std::size_t at = 0;
  while (!cursor.at_end()) {
    if (random() % 2 == 0) RC_ASSERT(*cursor.current() == extents[at]);
    const auto subtrees = cursor.subtrees_here();
    if (!subtrees.empty() && random() % 2 == 0) {
      const auto chosen = subtrees[random() % subtrees.size()];
      const std::uint64_t before = cursor.offset();
      cursor.skip(chosen);
      RC_ASSERT(cursor.offset() == before + chosen.span);
      for (std::uint64_t span = 0; span < chosen.span; ++at) span += extents[at].length;
    } else {
      cursor.next();
      ++at;
    }
  }
  RC_ASSERT(at == extents.size());
}

RC_GTEST_PROP(Stream, BytesComeBack, (std::uint64_t seed)) {
  Random random(seed);
  Bytes bytes(random() % 4 == 0 ? random() % 600000 : random() % 5000);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  MemoryChunks chunks;
  const StreamRef ref = put_bytes(chunks, bytes, Kind::other);
  RC_ASSERT(ref.length == bytes.size());
  RC_ASSERT(get_bytes(chunks, ref, bytes.size()) == bytes);
  std::vector<Extent> cuts;
  for (std::size_t at = 0; at < bytes.size();) {
    const ByteView rest = ByteView(bytes).subspan(at);
    const std::size_t size = next_cut_reference(rest, at);
    cuts.push_back({sha256(rest.first(size)), size});
    at += size;
  }
  RC_ASSERT(expand(chunks, ref) == cuts);
  if (bytes.empty()) return;
  const std::size_t offset = random() % bytes.size();
  Bytes part(random() % (bytes.size() - offset + 1));
  read_content(chunks, ref, offset, part);
  RC_ASSERT(std::equal(part.begin(), part.end(), bytes.begin() + static_cast<std::ptrdiff_t>(offset)));
}

}  // namespace
}  // namespace metamori::test
