#include <gtest/gtest.h>

#include "objects/chunker.hpp"
#include "tests/support/rapidcheck_gtest.hpp"
#include "tests/unit/store_fixture.hpp"

namespace metamori::test {
namespace {

/// Data of a random sort and length, from a few numbers that shrink well.
Bytes arbitrary_data() {
  const auto size = *rc::gen::inRange<std::size_t>(0, 600'000);
  const auto seed = *rc::gen::arbitrary<std::uint64_t>();
  switch (*rc::gen::inRange(0, 5)) {
    case 0:
      return noise(size, seed);
    case 1:
      return text(size, seed);
    case 2:
      return float_walk(size, seed);
    case 3:
      return Bytes(size, static_cast<std::byte>(seed));
    default: {
      const Bytes period = noise(1 + seed % 5000, seed);
      Bytes bytes(size);
      for (std::size_t i = 0; i < size; ++i) bytes[i] = period[i % period.size()];
      return bytes;
    }
  }
}

std::vector<std::size_t> cuts(ByteView bytes, std::uint64_t start, std::size_t from = 0) {
  std::vector<std::size_t> result;
  for (std::size_t at = from; at < bytes.size();) {
    // No more than the contract asks for: what lies beyond must not matter.
    const ByteView rest = bytes.subspan(at, std::min(bytes.size() - at, max_chunk_bytes(start + at)));
    at += next_cut(rest, start + at);
    result.push_back(at);
  }
  return result;
}

std::uint64_t arbitrary_start() {
  return *rc::gen::element<std::uint64_t>(0, 1, (16ULL << 20) - 200'000, (16ULL << 20) - 1, 16ULL << 20, 1ULL << 40);
}

RC_GTEST_PROP(ChunkerProperty, VectorCutsAreTheReferenceCuts, ()) {
  const Bytes bytes = arbitrary_data();
  const std::uint64_t start = arbitrary_start();
  std::size_t at = 0;
  for (const std::size_t cut : cuts(bytes, start)) {
    RC_ASSERT(next_cut_reference(ByteView(bytes).subspan(at), start + at) == cut - at);
    at = cut;
  }
}

RC_GTEST_PROP(ChunkerProperty, ChunksCoverTheInputWithinTheirLimits, ()) {
  const Bytes bytes = arbitrary_data();
  const std::uint64_t start = arbitrary_start();
  std::size_t at = 0;
  for (const std::size_t cut : cuts(bytes, start)) {
    RC_ASSERT(cut > at && cut - at <= max_chunk_bytes(start + at));
    RC_ASSERT(cut - at >= min_chunk_bytes(start + at) || cut == bytes.size());
    at = cut;
  }
  RC_ASSERT(at == bytes.size());
}

RC_GTEST_PROP(ChunkerProperty, CuttingAgainFromAnyCutGivesTheSameCuts, ()) {
  const Bytes bytes = arbitrary_data();
  const std::uint64_t start = arbitrary_start();
  const auto all = cuts(bytes, start);
  RC_PRE(!all.empty());
  const auto from = *rc::gen::inRange<std::size_t>(0, all.size());
  RC_ASSERT(cuts(bytes, start, all[from]) == std::vector<std::size_t>(all.begin() + static_cast<std::ptrdiff_t>(from) + 1, all.end()));
}

RC_GTEST_PROP(ChunkerProperty, AnInsertionOnlyMovesCutsNearIt, ()) {
  const Bytes bytes = noise(900'000, *rc::gen::arbitrary<std::uint64_t>());
  const auto at = *rc::gen::inRange<std::size_t>(0, 100'000);
  Bytes longer = bytes;
  longer.insert(longer.begin() + static_cast<std::ptrdiff_t>(at), 100, std::byte{'x'});
  const auto before = cuts(bytes, 0);
  const auto after = cuts(longer, 0);
  // Far behind the insertion the cuts are the old ones, 100 bytes on.
  std::vector<std::size_t> old_tail;
  std::vector<std::size_t> new_tail;
  for (const std::size_t cut : before)
    if (cut > 700'000) old_tail.push_back(cut + 100);
  for (const std::size_t cut : after)
    if (cut > 700'100) new_tail.push_back(cut);
  RC_ASSERT(old_tail == new_tail);
}

}  // namespace
}  // namespace metamori::test
