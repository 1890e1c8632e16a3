#include "core/retention.hpp"

#include <algorithm>
#include <bit>
#include <functional>
#include <set>
#include <tuple>

namespace metamori {
namespace {

constexpr std::int64_t kSecondsPerMinute = 60;
constexpr std::int64_t kSecondsPerHour = 3600;
constexpr std::int64_t kSecondsPerDay = 86400;
constexpr std::int64_t kDaysPerWeek = 7;
constexpr std::int64_t kMondayShift = 3;        // the first of January 1970 was a Thursday
constexpr std::int64_t kFinestGapSeconds = 64;  // nothing is thinned while gaps of this are an eighth of the age
constexpr std::int64_t kGapsPerAge = 8;
constexpr std::size_t kSafetyKept = 3;
constexpr std::int64_t kSafetyKeptSeconds = 14 * kSecondsPerDay;

std::int64_t floor_div(std::int64_t value, std::int64_t by) noexcept { return value / by - (value % by < 0 ? 1 : 0); }

/// Months since the year 0 of the day so many days after 1970 began (civil calendar, in eras of 400 years from March on).
std::int64_t month_of_day(std::int64_t days) noexcept {
  constexpr std::int64_t kDaysPerEra = 146097;
  constexpr std::int64_t kEpochShift = 719468;
  const std::int64_t shifted = days + kEpochShift;
  const std::int64_t era = floor_div(shifted, kDaysPerEra);
  const std::int64_t day = shifted - era * kDaysPerEra;
  const std::int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
  const std::int64_t day_of_year = day - (365 * year + year / 4 - year / 100);
  const std::int64_t month = (5 * day_of_year + 2) / 153;  // from March
  return (era * 400 + year) * 12 + month;
}

/// The highest power of two at whose multiples a slot boundary lies between `time` and `next`; none: -1. What is the last in its slot of
/// some width is so in all narrower ones, which is why thinning at one age never drops what a later one wants.
int slot_bits(std::int64_t time, std::int64_t next) noexcept {
  const auto differing = static_cast<std::uint64_t>(time) ^ static_cast<std::uint64_t>(next);
  return static_cast<int>(std::bit_width(differing)) - 1;
}

/// Log2 of the slots' width at that age; -1: everything is kept.
int width_bits(std::int64_t age) noexcept {
  const std::int64_t gap = age / kGapsPerAge;
  if (gap < kFinestGapSeconds) return -1;
  return static_cast<int>(std::bit_width(static_cast<std::uint64_t>(gap))) - 1;
}

class Reasons {
 public:
  Reasons(const std::vector<RetentionCandidate>& candidates, std::int64_t now)
      : candidates_(candidates), times_(settled_times(candidates, now)), reasons_(candidates.size()) {}

  void keep(std::size_t index, std::string reason) { reasons_[index].push_back(std::move(reason)); }

  template <class Test>
  void keep_where(const std::string& reason, Test test) {
    for (std::size_t i = 0; i < candidates_.size(); ++i)
      if (test(i)) keep(i, reason);
  }

  /// The newest of each of the newest `count` spans that have any.
  void keep_newest_of(const char* reason, std::uint64_t count, const std::function<std::int64_t(std::int64_t)>& span_of) {
    std::set<std::int64_t> seen;
    for (std::size_t i = candidates_.size(); i-- > 0 && seen.size() < count;)
      if (seen.insert(span_of(times_[i])).second) keep(i, reason);
  }

  [[nodiscard]] std::int64_t time(std::size_t index) const { return times_[index]; }
  [[nodiscard]] std::int64_t newest() const { return times_.back(); }
  [[nodiscard]] bool survives_thinning(std::size_t index) const {
    if (index + 1 == times_.size()) return true;
    return slot_bits(times_[index], times_[index + 1]) >= width_bits(newest() - times_[index]);
  }
  std::vector<std::vector<std::string>> take() { return std::move(reasons_); }

 private:
  const std::vector<RetentionCandidate>& candidates_;
  std::vector<std::int64_t> times_;
  std::vector<std::vector<std::string>> reasons_;
};

void keep_spans(Reasons& reasons, const KeepPolicy& policy) {
  const std::int64_t offset = policy.utc_offset_minutes * kSecondsPerMinute;
  const auto day = [offset](std::int64_t time) { return floor_div(time + offset, kSecondsPerDay); };
  reasons.keep_newest_of("hourly", policy.hourly, [&](std::int64_t time) { return floor_div(time + offset, kSecondsPerHour); });
  reasons.keep_newest_of("daily", policy.daily, day);
  reasons.keep_newest_of("weekly", policy.weekly, [&](std::int64_t time) { return floor_div(day(time) + kMondayShift, kDaysPerWeek); });
  reasons.keep_newest_of("monthly", policy.monthly, [&](std::int64_t time) { return month_of_day(day(time)); });
}

}  // namespace

bool KeepPolicy::empty() const noexcept {
  return last == 0 && hourly == 0 && daily == 0 && weekly == 0 && monthly == 0 && !within_seconds && tags.empty() && metadata.empty() &&
         !thin && !max_size_bytes;
}

bool matches_name(std::string_view pattern, std::string_view text) noexcept {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t star_text = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_text = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++star_text;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

std::vector<std::int64_t> settled_times(const std::vector<RetentionCandidate>& candidates, std::int64_t now_seconds) {
  std::vector<std::int64_t> times;
  times.reserve(candidates.size());
  for (const RetentionCandidate& candidate : candidates) {
    const std::int64_t before = times.empty() ? std::min(candidate.time_seconds, now_seconds) : times.back();
    times.push_back(candidate.time_seconds > now_seconds ? before : std::max(before, candidate.time_seconds));
  }
  return times;
}

std::vector<std::vector<std::string>> reasons_to_keep(const std::vector<RetentionCandidate>& candidates, const KeepPolicy& policy,
                                                      std::int64_t now_seconds) {
  if (candidates.empty()) return {};
  Reasons reasons(candidates, now_seconds);
  reasons.keep_where("HEAD", [&](std::size_t i) { return candidates[i].is_head; });
  reasons.keep_where("pinned", [&](std::size_t i) { return candidates[i].is_pinned; });
  reasons.keep_where("last", [&](std::size_t i) { return candidates.size() - i <= policy.last; });
  keep_spans(reasons, policy);
  if (policy.within_seconds)
    reasons.keep_where("within", [&](std::size_t i) { return reasons.newest() - reasons.time(i) <= *policy.within_seconds; });
  for (const std::string& pattern : policy.tags)
    for (std::size_t i = 0; i < candidates.size(); ++i)
      for (const std::string& tag : candidates[i].tags)
        if (matches_name(pattern, tag)) reasons.keep(i, "tag " + tag);
  for (const auto& wanted : policy.metadata)
    reasons.keep_where("meta " + wanted.first + "=" + wanted.second, [&](std::size_t i) {
      return std::find(candidates[i].metadata.begin(), candidates[i].metadata.end(), wanted) != candidates[i].metadata.end();
    });
  if (policy.thin) reasons.keep_where("thin", [&](std::size_t i) { return reasons.survives_thinning(i); });
  KeepPolicy others = policy;
  others.max_size_bytes.reset();
  if (policy.max_size_bytes && others.empty()) reasons.keep_where("fits", [](std::size_t) { return true; });
  return reasons.take();
}

std::vector<std::size_t> thinning_order(const std::vector<RetentionCandidate>& candidates, std::int64_t now_seconds) {
  const std::vector<std::int64_t> times = settled_times(candidates, now_seconds);
  std::vector<std::tuple<int, std::size_t>> order;  // how many slots wide its gap is, by the measure of its age
  for (std::size_t i = 0; i < times.size(); ++i) {
    const bool is_newest = i + 1 == times.size();
    const std::int64_t gap = std::max<std::int64_t>((times.back() - times[i]) / kGapsPerAge, 1);
    const int width = static_cast<int>(std::bit_width(static_cast<std::uint64_t>(gap))) - 1;
    order.emplace_back(is_newest ? 128 : slot_bits(times[i], times[i + 1]) - width, i);
  }
  std::sort(order.begin(), order.end());
  std::vector<std::size_t> indexes;
  indexes.reserve(order.size());
  for (const auto& [gap, index] : order) indexes.push_back(index);
  return indexes;
}

bool safety_has_expired(std::size_t newer, std::int64_t age_seconds) noexcept {
  return newer >= kSafetyKept && age_seconds > kSafetyKeptSeconds;
}

}  // namespace metamori
