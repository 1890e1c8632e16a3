#include <gtest/gtest.h>

#include <cstring>

#include "objects/chunker.hpp"
#include "objects/chunker_scan.hpp"
#include "tests/unit/store_fixture.hpp"

namespace metamori::test {
namespace {

constexpr std::uint64_t kCoarse = 16ULL << 20;

std::vector<chunker::Scan> scans() {
  std::vector<chunker::Scan> result;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) result.push_back(chunker::scan_avx2);
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")) result.push_back(chunker::scan_avx512);
#endif
  return result;
}

/// The format's words, spelled out once more without the code under test.
std::size_t cut_by_the_book(ByteView d, std::uint64_t start) {
  const unsigned bits = start < (16U << 20) ? 14 : 16;
  const std::size_t normal = std::size_t{1} << bits;
  for (std::size_t p = normal / 4; p < d.size() && p < 4 * normal; ++p) {
    const auto le = [&](std::size_t at, std::size_t size) {
      std::uint64_t value = 0;
      for (std::size_t i = 0; i < size; ++i) value |= std::to_integer<std::uint64_t>(d[at + i]) << (8 * i);
      return value;
    };
    const auto t = static_cast<std::uint32_t>(le(p - 8, 4) * 0x9E3779B1U + le(p - 4, 4) * 0x85EBCA77U + 0x5BD1E995U);
    std::uint64_t h = 0x27220A95A1B2C3D5ULL;
    for (std::size_t k = 0; k < 4; ++k) {
      h = (h ^ le(p - 32 + 8 * k, 8)) * 0x9E3779B97F4A7C15ULL;
      h ^= h >> 32;
    }
    const unsigned b = p < normal ? bits - 7 : bits - 9;
    if (t < (1U << 24) && (h >> (64 - b)) == 0) return p;
  }
  return std::min(d.size(), 4 * normal);
}

TEST(Chunker, AnEmptySegmentHasNoChunk) { EXPECT_EQ(next_cut({}, 0), 0U); }

TEST(Chunker, ShortSegmentsAreOneChunk) {
  const Bytes bytes = noise(max_chunk_bytes(kCoarse), 1);
  for (const std::uint64_t start : {std::uint64_t{0}, kCoarse}) {
    for (std::size_t size = 1; size <= min_chunk_bytes(start); size += 61) EXPECT_EQ(next_cut(ByteView(bytes).first(size), start), size);
  }
}

TEST(Chunker, ZerosAreCutAtTheMaximum) {
  const Bytes zeros(1 << 20);
  EXPECT_EQ(next_cut(zeros, 0), 64U << 10);
  EXPECT_EQ(next_cut(zeros, kCoarse - 1), 64U << 10);
  EXPECT_EQ(next_cut(zeros, kCoarse), 256U << 10);
}

TEST(Chunker, CutsAreThoseOfTheFormat) {
  const Bytes bytes = noise(1 << 20, 7);
  for (const std::uint64_t start : {std::uint64_t{0}, kCoarse}) {
    for (std::size_t at = 0; at < bytes.size();) {
      const ByteView rest = ByteView(bytes).subspan(at);
      const std::size_t length = next_cut(rest, start);
      ASSERT_EQ(length, cut_by_the_book(rest, start));
      at += length;
    }
  }
}

TEST(Chunker, EveryVectorUnitAgreesAroundEveryLimit) {
  const Bytes random = noise(max_chunk_bytes(kCoarse) + 256, 3);
  const Bytes constant(random.size(), std::byte{0x11});
  Bytes periodic(random.size());
  for (std::size_t i = 0; i < periodic.size(); ++i) periodic[i] = random[i % 37];
  const Bytes words = text(random.size(), 4);
  for (const std::uint64_t start : {std::uint64_t{0}, kCoarse - 1, kCoarse}) {
    const std::size_t longest = max_chunk_bytes(start);
    for (const std::size_t around : {min_chunk_bytes(start), longest / 4, longest}) {
      for (std::size_t size = around - 70; size <= around + 70; ++size) {
        for (const Bytes* bytes : std::initializer_list<const Bytes*>{&random, &constant, &periodic, &words}) {
          const std::size_t expected = next_cut_reference(ByteView(*bytes).first(size), start);
          for (const chunker::Scan scan : scans()) ASSERT_EQ(chunker::next_cut_with(scan, bytes->data(), size, start), expected) << size;
          ASSERT_EQ(next_cut(ByteView(*bytes).first(size), start), expected);
        }
      }
    }
  }
}

TEST(Chunker, ScansFindTheFirstOfManyCandidates) {
  // A stretch that passes the prefilter everywhere: constant words for which t is small. The window hash alone decides there.
  std::uint32_t word = 0;
  while (word * chunker::kFarFactor + word * chunker::kNearFactor + chunker::kOffset >= chunker::kPrefilterLimit) word += 0x01010101;
  const Bytes bytes(4096, static_cast<std::byte>(word & 0xFF));
  for (const chunker::Scan scan : scans()) {
    for (int shift = 0; shift < 64; shift += 3) {
      for (std::size_t begin = 32; begin < 110; ++begin) {
        ASSERT_EQ(scan(bytes.data(), begin, bytes.size(), shift), chunker::scan_scalar(bytes.data(), begin, bytes.size(), shift));
      }
    }
  }
}

TEST(Chunker, VectorScansEqualTheScalarOneAtEveryCandidate) {
  const Bytes bytes = noise(1 << 18, 9);
  for (const chunker::Scan scan : scans()) {
    for (const int shift : {64 - 1, 64 - 3, 64 - 5}) {
      for (std::size_t at = 32; at < bytes.size(); ++at) {
        const std::size_t expected = chunker::scan_scalar(bytes.data(), at, bytes.size(), shift);
        ASSERT_EQ(scan(bytes.data(), at, bytes.size(), shift), expected);
        at = expected;
      }
    }
  }
}

}  // namespace
}  // namespace metamori::test
