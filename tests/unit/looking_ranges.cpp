// Which bytes differ.

#include <cstring>
#include <random>

#include "core/diff_ranges.hpp"
#include "tests/unit/looking_support.hpp"

namespace metamori::test {
namespace {

ReadContent reader_of(const std::string& text) {
  return [&text](std::uint64_t offset, std::span<std::byte> out) {
    const std::size_t there = std::min(out.size(), text.size() - std::min<std::size_t>(text.size(), offset));
    std::memcpy(out.data(), text.data() + offset, there);
    return there;
  };
}

std::vector<ByteRange> naive(const std::string& a, const std::string& b, std::uint64_t gap) {
  std::vector<ByteRange> ranges;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] == b[i]) continue;
    if (!ranges.empty() && i - (ranges.back().offset + ranges.back().length) <= gap) {
      ranges.back().length = i + 1 - ranges.back().offset;
    } else {
      ranges.push_back({i, 1});
    }
  }
  return ranges;
}

TEST(DiffRangesTest, AreWhatTheNaiveComparisonFinds) {
  std::mt19937 random(3);
  for (int round = 0; round < 200; ++round) {
    const std::size_t size = 1 + random() % (round % 10 == 0 ? 700'000 : 3000);
    std::string a(size, 'x');
    std::string b = a;
    for (auto edits = random() % 40; edits > 0; --edits) {
      const std::size_t at = random() % size;
      for (std::size_t i = at; i < std::min(size, at + random() % 20); ++i) b[i] = static_cast<char>('x' + random() % 2);
    }
    const std::uint64_t gap = random() % 3 == 0 ? random() % 30 : 0;
    DiffRanges ranges(reader_of(a), reader_of(b), gap);
    const std::size_t middle = random() % size;
    ranges.compare({0, middle});
    ranges.compare({middle, size - middle});
    EXPECT_EQ(ranges.take(), naive(a, b, gap)) << round;
  }
}

TEST(DiffRangesTest, WhatIsNoLongerThereDiffers) {
  const std::string a(1000, 'x');
  const std::string b(400, 'x');
  DiffRanges ranges(reader_of(a), reader_of(b), 0);
  ranges.compare({100, 500});
  EXPECT_EQ(ranges.take(), (std::vector<ByteRange>{{400, 200}}));
}

TEST(DiffRangesTest, VeryManyAreJoinedToFewer) {
  const std::size_t size = 4 * DiffRanges::kMaxRanges;
  const std::string a(size, 'x');
  std::string b = a;
  for (std::size_t i = 0; i < size; i += 2) b[i] = 'y';
  DiffRanges ranges(reader_of(a), reader_of(b), 0);
  ranges.compare({0, size});
  const auto found = ranges.take();
  EXPECT_LE(found.size(), DiffRanges::kMaxRanges);
  EXPECT_EQ(found.front().offset, 0U);
  EXPECT_EQ(found.back().offset + found.back().length, size - 1);
}

class Ranges : public Looking {
 protected:
  /// Of `big`, against the tree and between two checkpoints, which must say the same.
  std::vector<ByteRange> ranges(std::uint64_t gap = 0) {
    DiffOptions options;
    options.ranges = true;
    options.range_gap = gap;
    options.control.jobs = 1;
    const DiffReport with_tree = diff(*open_at_tree(disk), options);
    take("next");
    options.from = "HEAD~1";
    options.to = "HEAD";
    const DiffReport between = diff(*open_at_tree(disk), options);
    EXPECT_EQ(with_tree.changes.size(), 1U);
    EXPECT_EQ(between.changes.size(), 1U);
    if (with_tree.changes.size() != 1 || between.changes.size() != 1) return {};
    EXPECT_EQ(with_tree.changes[0].ranges, between.changes[0].ranges);
    return with_tree.changes[0].ranges;
  }
};

TEST_F(Ranges, AreExactInLargeFiles) {
  std::string content(3'000'000, '\0');
  std::uint32_t state = 1;
  for (char& byte : content) byte = static_cast<char>((state = state * 1664525U + 1013904223U) >> 24);
  const auto change = [&](std::size_t at, std::size_t count) {
    for (std::size_t i = at; i < at + count; ++i) content[i] = static_cast<char>(content[i] ^ 0x55);
  };
  write("big", content);
  take("one");
  change(7, 1);
  change(1'000'000, 300);
  change(1'000'310, 2);
  write("big", content);
  EXPECT_EQ(ranges(), (std::vector<ByteRange>{{7, 1}, {1'000'000, 300}, {1'000'310, 2}}));
  change(1'000'000, 300);
  change(1'000'310, 2);
  write("big", content);
  EXPECT_EQ(ranges(10), (std::vector<ByteRange>{{1'000'000, 312}}));
  content += "more";
  change(2'999'999, 1);
  write("big", content);
  EXPECT_EQ(ranges(), (std::vector<ByteRange>{{2'999'999, 5}}));
  content.resize(2'000'000);
  write("big", content);
  EXPECT_EQ(ranges(), (std::vector<ByteRange>{{2'000'000, 1'000'004}}));
}

TEST_F(Ranges, HolesAreZeros) {
  write("big", std::string(300'000, '\0') + "end");
  take("one");
  ASSERT_EQ(disk.remove_file(AT_FDCWD, "/tree/big"), 0);
  write("big", "");
  const int fd = disk.open_at(AT_FDCWD, "/tree/big", O_WRONLY, 0);
  ASSERT_EQ(disk.truncate(fd, 300'003), 0);
  ASSERT_EQ(disk.write_at(fd, to_bytes("End"), 300'000), 3);
  disk.close(fd);
  EXPECT_EQ(ranges(), (std::vector<ByteRange>{{300'000, 1}}));
}

TEST_F(Ranges, AreToldOnlyWhereAskedFor) {
  write("big", "one");
  take("one");
  write("big", "two");
  DiffOptions options;
  options.control.jobs = 1;
  const DiffReport report = diff(*open_at_tree(disk), options);
  ASSERT_EQ(report.changes.size(), 1U);
  EXPECT_TRUE(report.changes[0].ranges.empty());
}

}  // namespace
}  // namespace metamori::test
