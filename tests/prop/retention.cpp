// The rules of forget against a plain model, which goes about it the other way round: for each checkpoint it asks the calendar.

#include <algorithm>
#include <ctime>
#include <map>
#include <set>

#include "core/retention.hpp"
#include "tests/support/rapidcheck_gtest.hpp"

namespace metamori::test {
namespace {

constexpr std::int64_t kNow = 1'790'000'000;
constexpr std::int64_t kHour = 3600;
constexpr std::int64_t kDay = 24 * kHour;

/// The time of each as rules see it: the latest sensible one so far.
std::vector<std::int64_t> model_times(const std::vector<RetentionCandidate>& all, std::int64_t now) {
  std::vector<std::int64_t> times;
  for (std::size_t i = 0; i < all.size(); ++i) {
    std::int64_t latest = std::min(all[0].time_seconds, now);
    for (std::size_t j = 0; j <= i; ++j)
      if (all[j].time_seconds <= now) latest = std::max(latest, all[j].time_seconds);
    times.push_back(latest);
  }
  return times;
}

/// Year, and what within it the span of a rule is: by the C library's calendar.
std::pair<int, int> span(const char* rule, std::int64_t time, std::int32_t offset_minutes) {
  const std::time_t local = time + offset_minutes * 60;
  std::tm parts{};
  ::gmtime_r(&local, &parts);
  char text[32];
  const std::string name = rule;
  if (name == "hourly") return {parts.tm_year, parts.tm_yday * 24 + parts.tm_hour};
  if (name == "daily") return {parts.tm_year, parts.tm_yday};
  if (name == "monthly") return {parts.tm_year, parts.tm_mon};
  std::strftime(text, sizeof text, "%G %V", &parts);  // ISO 8601: weeks from Monday on
  return {std::atoi(text), std::atoi(std::string(text).substr(5).c_str())};
}

std::vector<std::set<std::string>> model(const std::vector<RetentionCandidate>& all, const KeepPolicy& policy, std::int64_t now) {
  const std::vector<std::int64_t> times = model_times(all, now);
  std::vector<std::set<std::string>> keep(all.size());
  const std::pair<const char*, std::uint64_t> rules[] = {
      {"hourly", policy.hourly}, {"daily", policy.daily}, {"weekly", policy.weekly}, {"monthly", policy.monthly}};
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].is_head) keep[i].insert("HEAD");
    if (all[i].is_pinned) keep[i].insert("pinned");
    if (i + policy.last >= all.size()) keep[i].insert("last");
    for (const auto& [rule, count] : rules) {
      const auto own = span(rule, times[i], policy.utc_offset_minutes);
      std::set<std::pair<int, int>> later;
      for (std::size_t j = i + 1; j < all.size(); ++j) later.insert(span(rule, times[j], policy.utc_offset_minutes));
      if (!later.contains(own) && later.size() < count) keep[i].insert(rule);
    }
    if (policy.within_seconds && times.back() - times[i] <= *policy.within_seconds) keep[i].insert("within");
    if (policy.thin) {
      std::int64_t width = 0;
      for (std::int64_t w = 64; w <= (times.back() - times[i]) / 8; w *= 2) width = w;
      const bool is_last = i + 1 == all.size();
      if (is_last || width == 0 || times[i] / width != times[i + 1] / width) keep[i].insert("thin");
    }
    for (const std::string& tag : all[i].tags)
      if (std::find(policy.tags.begin(), policy.tags.end(), tag) != policy.tags.end()) keep[i].insert("tag " + tag);
    for (const auto& wanted : policy.metadata)
      if (std::find(all[i].metadata.begin(), all[i].metadata.end(), wanted) != all[i].metadata.end())
        keep[i].insert("meta " + wanted.first + "=" + wanted.second);
  }
  return keep;
}

/// Some minutes apart, or hours, or days; sometimes the clock was wrong.
std::vector<RetentionCandidate> arbitrary_history(bool clock_is_right) {
  const auto count = *rc::gen::inRange<std::size_t>(1, 120);
  const auto step = *rc::gen::element<std::int64_t>(60, 300, 2 * kHour, kDay, 20 * kDay);
  std::vector<RetentionCandidate> all;
  std::int64_t time = kNow - static_cast<std::int64_t>(count) * step;
  for (std::size_t i = 0; i < count; ++i) {
    RetentionCandidate candidate;
    candidate.number = all.empty() ? 1 : all.back().number + *rc::gen::inRange<std::uint64_t>(1, 3);
    time = std::min(time + *rc::gen::inRange<std::int64_t>(0, 2 * step), kNow);
    const int chance = clock_is_right ? 2 : *rc::gen::inRange(0, 20);
    candidate.time_seconds = chance == 0 ? time - 100 * kDay : chance == 1 ? kNow + 100 * kDay : time;
    candidate.is_pinned = *rc::gen::inRange(0, 20) == 0;
    if (*rc::gen::inRange(0, 10) == 0) candidate.tags = {"good"};
    if (*rc::gen::inRange(0, 10) == 0) candidate.metadata = {{"step", "1"}};
    all.push_back(candidate);
  }
  all[*rc::gen::inRange<std::size_t>(0, count)].is_head = true;
  return all;
}

KeepPolicy arbitrary_policy() {
  KeepPolicy policy;
  const auto some = [](int largest) { return static_cast<std::uint64_t>(*rc::gen::inRange(0, 2) * *rc::gen::inRange(0, largest)); };
  policy.last = some(20);
  policy.hourly = some(40);
  policy.daily = some(20);
  policy.weekly = some(10);
  policy.monthly = some(15);
  if (*rc::gen::inRange(0, 3) == 0) policy.within_seconds = *rc::gen::element<std::int64_t>(0, 600, kDay, 30 * kDay);
  if (*rc::gen::inRange(0, 2) == 0) policy.tags = {"good"};
  if (*rc::gen::inRange(0, 2) == 0) policy.metadata = {{"step", "1"}};
  policy.thin = *rc::gen::inRange(0, 3) == 0;
  policy.utc_offset_minutes = *rc::gen::element<std::int32_t>(0, 330, -720, 60);
  return policy;
}

TEST(Retention, KeepsWhatAPlainModelKeeps) {
  check_many(400, 100, [] {
    const std::vector<RetentionCandidate> all = arbitrary_history(false);
    const KeepPolicy policy = arbitrary_policy();
    const auto expected = model(all, policy, kNow);
    const auto reasons = reasons_to_keep(all, policy, kNow);
    RC_ASSERT(reasons.size() == all.size());
    for (std::size_t i = 0; i < all.size(); ++i) RC_ASSERT((std::set<std::string>(reasons[i].begin(), reasons[i].end()) == expected[i]));
  });
}

/// What a rule dropped is dropped for good, so it must make no difference whether forget ran every day or once a year.
TEST(Retention, RunningItOftenKeepsNoLessThanRunningItOnce) {
  check_many(100, 100, [] {
    std::vector<RetentionCandidate> all = arbitrary_history(true);
    for (RetentionCandidate& candidate : all) candidate.is_head = false;
    KeepPolicy policy = arbitrary_policy();
    const auto once = reasons_to_keep(all, policy, kNow);
    std::vector<RetentionCandidate> left;
    for (const RetentionCandidate& candidate : all) {
      left.push_back(candidate);
      if (*rc::gen::inRange(0, 4) != 0) continue;
      const auto reasons = reasons_to_keep(left, policy, kNow);
      std::vector<RetentionCandidate> kept;
      for (std::size_t i = 0; i < left.size(); ++i)
        if (!reasons[i].empty()) kept.push_back(left[i]);
      left = kept;
    }
    std::set<std::uint64_t> numbers;
    for (const RetentionCandidate& candidate : left) numbers.insert(candidate.number);
    for (std::size_t i = 0; i < all.size(); ++i)
      if (!once[i].empty()) RC_ASSERT(numbers.contains(all[i].number));
  });
}

TEST(Retention, ThinningKeepsFewHoweverManyThereAre) {
  std::vector<RetentionCandidate> all;
  for (std::int64_t i = 0; i < 105'000; ++i) {  // a year, every five minutes
    RetentionCandidate candidate;
    candidate.number = static_cast<std::uint64_t>(i) + 1;
    candidate.time_seconds = kNow - (105'000 - i) * 300;
    all.push_back(candidate);
  }
  KeepPolicy policy;
  policy.thin = true;
  const auto reasons = reasons_to_keep(all, policy, kNow);
  std::size_t kept = 0;
  std::int64_t last = all.front().time_seconds;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (reasons[i].empty()) continue;
    ++kept;
    const std::int64_t age = all.back().time_seconds - last;
    EXPECT_LE(all[i].time_seconds - last, std::max<std::int64_t>(300, age / 4 + 300)) << "a gap at " << i;
    last = all[i].time_seconds;
  }
  EXPECT_LE(kept, 200U);
  EXPECT_GE(kept, 50U);
  EXPECT_FALSE(reasons.back().empty());
}

/// The thinning order drops the newest last, and leaves even gaps in relation to age.
TEST(Retention, TheThinningOrderIsThatOfThinning) {
  std::vector<RetentionCandidate> all;
  for (std::int64_t i = 0; i < 2000; ++i) {
    RetentionCandidate candidate;
    candidate.number = static_cast<std::uint64_t>(i) + 1;
    candidate.time_seconds = kNow - (2000 - i) * 300;
    all.push_back(candidate);
  }
  const std::vector<std::size_t> order = thinning_order(all, kNow);
  ASSERT_EQ(order.size(), all.size());
  EXPECT_EQ(order.back(), all.size() - 1);
  EXPECT_EQ(std::set<std::size_t>(order.begin(), order.end()).size(), all.size());
  KeepPolicy policy;
  policy.thin = true;
  const auto reasons = reasons_to_keep(all, policy, kNow);
  const auto thinned = static_cast<std::size_t>(std::count_if(reasons.begin(), reasons.end(), [](const auto& r) { return r.empty(); }));
  ASSERT_GT(thinned, 1000U);
  for (std::size_t i = 0; i < thinned; ++i) EXPECT_TRUE(reasons[order[i]].empty()) << "dropped in the wrong order: " << order[i];
}

TEST(Retention, AClockThatWasWrongDropsNothingElse) {
  std::vector<RetentionCandidate> all;
  for (std::int64_t i = 0; i < 10; ++i) {
    RetentionCandidate candidate;
    candidate.number = static_cast<std::uint64_t>(i) + 1;
    candidate.time_seconds = kNow - (10 - i) * kHour;
    all.push_back(candidate);
  }
  KeepPolicy policy;
  policy.within_seconds = kDay;
  all[4].time_seconds = kNow + 1000 * kDay;
  all[7].time_seconds = 0;
  for (const auto& reasons : reasons_to_keep(all, policy, kNow)) EXPECT_FALSE(reasons.empty());
  // And one that is wrong now.
  for (const auto& reasons : reasons_to_keep(all, policy, 1000)) EXPECT_FALSE(reasons.empty());
}

TEST(Retention, SafetyCheckpointsGoWhenThereAreThreeNewerAndTheyAreOld) {
  EXPECT_FALSE(safety_has_expired(2, 1000 * kDay));
  EXPECT_FALSE(safety_has_expired(3, 14 * kDay));
  EXPECT_TRUE(safety_has_expired(3, 14 * kDay + 1));
}

TEST(Retention, NamesMatchByStarsAndQuestionMarks) {
  EXPECT_TRUE(matches_name("good*", "good-7"));
  EXPECT_TRUE(matches_name("*", ""));
  EXPECT_TRUE(matches_name("a*b?d", "axxbcd"));
  EXPECT_FALSE(matches_name("a*b?d", "axxbd"));
  EXPECT_FALSE(matches_name("good", "goods"));
}

}  // namespace
}  // namespace metamori::test
