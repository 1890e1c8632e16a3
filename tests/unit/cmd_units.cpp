#include "cmd/units.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

#include "cmd/dates.hpp"
#include "cmd/metadata.hpp"
#include "cmd/revision_path.hpp"
#include "metamori/error.hpp"

using namespace metamori;
using namespace metamori::cmd;

namespace {

TEST(Units, SizesHaveBinaryPrefixes) {
  EXPECT_EQ(format_size(0, false), "0 B");
  EXPECT_EQ(format_size(1023, false), "1023 B");
  EXPECT_EQ(format_size(1024, false), "1.0 KiB");
  EXPECT_EQ(format_size(1258291, false), "1.2 MiB");
  EXPECT_EQ(format_size(100 * 1024, false), "100 KiB");
  EXPECT_EQ(format_size(1048575, false), "1.0 MiB");
  EXPECT_EQ(format_size(UINT64_MAX, false), "16.0 EiB");
  EXPECT_EQ(format_size(1258291, true), "1258291 B");
}

TEST(Units, TimesAreShort) {
  EXPECT_EQ(format_seconds(0.0781), "0.08 s");
  EXPECT_EQ(format_seconds(12.4), "12 s");
  EXPECT_EQ(format_seconds(185), "3 min 05 s");
  EXPECT_EQ(format_seconds(7620), "2 h 07 min");
}

TEST(Units, NumbersAreWholeWords) {
  EXPECT_EQ(parse_number("18446744073709551615"), UINT64_MAX);
  for (const char* bad : {"", "-1", "+1", " 1", "1 ", "0x10", "18446744073709551616", "1.0"}) EXPECT_FALSE(parse_number(bad)) << bad;
}

TEST(Units, SizesAreRead) {
  EXPECT_EQ(parse_size("4096"), 4096U);
  EXPECT_EQ(parse_size("64K"), 65536U);
  EXPECT_EQ(parse_size("64k"), 65536U);
  EXPECT_EQ(parse_size("1.5MiB"), 1572864U);
  EXPECT_EQ(parse_size("2T"), 2199023255552U);
  for (const char* bad : {"", "K", "1KB", "1Q", "1.5", "-1", "99999999999T"}) EXPECT_FALSE(parse_size(bad)) << bad;
}

TEST(Units, DurationsAreRead) {
  EXPECT_EQ(parse_duration_ms("90"), 90'000);
  EXPECT_EQ(parse_duration_ms("500ms"), 500);
  EXPECT_EQ(parse_duration_ms("1.5h"), 5'400'000);
  EXPECT_EQ(parse_duration_ms("1h30m"), 5'400'000);
  EXPECT_EQ(parse_duration_ms("0"), 0);
  for (const char* bad : {"", "h", "1x", "-1", "1 h", "."}) EXPECT_FALSE(parse_duration_ms(bad)) << bad;
}

TEST(Units, PercentagesHaveLimits) {
  EXPECT_EQ(parse_percent("5%"), 5U);
  EXPECT_EQ(parse_percent("100"), 100U);
  for (const char* bad : {"0", "101%", "%", "", "5%%"}) EXPECT_FALSE(parse_percent(bad)) << bad;
}

class InBerlin : public testing::Test {
 protected:
  InBerlin() {
    ::setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
    ::tzset();
  }
};

TEST_F(InBerlin, TimesCarryTheirOffset) {
  EXPECT_EQ(format_time({1767225600, 0}), "2026-01-01T01:00:00+01:00");
  EXPECT_EQ(format_time({1782864000, 0}), "2026-07-01T02:00:00+02:00");
  EXPECT_EQ(utc_offset_minutes(1767225600), 60);
}

TEST_F(InBerlin, MomentsAreRead) {
  constexpr std::int64_t kNow = 1767225600 + 10 * 3600;
  EXPECT_EQ(parse_when("2026-01-01T00:00:00Z", kNow), 1767225600);
  EXPECT_EQ(parse_when("2026-01-01 01:00", kNow), 1767225600);
  EXPECT_EQ(parse_when("2026-01-01T01:00:00+01:00", kNow), 1767225600);
  EXPECT_EQ(parse_when("2026-01-01T00:00-0100", kNow), 1767225600 + 3600);
  EXPECT_EQ(parse_when("2026-07-01", kNow), 1782864000 - 7200);
  EXPECT_EQ(parse_when("@1767225600", kNow), 1767225600);
  EXPECT_EQ(parse_when("now", kNow), kNow);
  EXPECT_EQ(parse_when("today", kNow), 1767225600 - 3600);
  EXPECT_EQ(parse_when("yesterday", kNow), 1767225600 - 3600 - 86400);
  EXPECT_EQ(parse_when("2 hours ago", kNow), kNow - 7200);
  EXPECT_EQ(parse_when("1 week ago", kNow), kNow - 604800);
  EXPECT_EQ(parse_when("90m", kNow), kNow - 5400);
  for (const char* bad :
       {"", "2026", "2026-02-30", "2026-13-01", "2026-01-01T", "2026-01-01T25:00", "2026-01-01 01:00 x", "soon", "@", "-1h"})
    EXPECT_FALSE(parse_when(bad, kNow)) << bad;
}

TEST(RevisionPath, SplitsAtTheFirstColon) {
  EXPECT_EQ(split_revision_path("17").path, std::nullopt);
  EXPECT_EQ(split_revision_path("17:a:b").revision, "17");
  EXPECT_EQ(split_revision_path("17:a:b").path, "a:b");
  EXPECT_EQ(split_revision_path("HEAD:").path, "");
  EXPECT_EQ(split_revision_path(":/step: 3").revision, ":/step: 3");
  EXPECT_EQ(split_revision_path("@{2026-01-01 12:30}:x").revision, "@{2026-01-01 12:30}");
  EXPECT_EQ(split_revision_path("@{2026-01-01 12:30}:x").path, "x");
  EXPECT_THROW(split_revision_path(":x"), Error);
}

TEST(RevisionPath, RangesHaveTwoDots) {
  EXPECT_EQ(split_range("16..17"), std::pair(std::string("16"), std::string("17")));
  EXPECT_EQ(split_range("HEAD~2.."), std::pair(std::string("HEAD~2"), std::string("HEAD")));
  EXPECT_EQ(split_range("..v1.2"), std::pair(std::string("HEAD"), std::string("v1.2")));
  EXPECT_FALSE(split_range("v1.2"));
  EXPECT_FALSE(split_range(":/a..b"));
  EXPECT_THROW(split_range("a...b"), Error);
}

TEST(MetadataWords, KeysAndValuesAreChecked) {
  EXPECT_EQ(parse_metadata({"step=1=2", "Empty="}), (Metadata{{"step", "1=2"}, {"Empty", ""}}));
  for (const char* bad : {"step", "=1", "a b=1", "k\xC3\xA9y=1", "a=1\n2"}) EXPECT_THROW(parse_metadata({bad}), Error) << bad;
}

}  // namespace
