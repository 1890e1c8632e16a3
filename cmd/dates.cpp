#include "cmd/dates.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <ctime>
#include <utility>

#include "cmd/units.hpp"

namespace metamori::cmd {
namespace {

std::tm local_time(std::int64_t seconds) {
  const std::time_t moment = seconds;
  std::tm parts{};
  ::localtime_r(&moment, &parts);
  return parts;
}

/// Exactly `digits` digits at the front, with a value in [low, high].
std::optional<int> take_digits(std::string_view& text, std::size_t digits, int low, int high) {
  if (text.size() < digits) return std::nullopt;
  const auto value = parse_number(text.substr(0, digits));
  if (!value || static_cast<int>(*value) < low || static_cast<int>(*value) > high) return std::nullopt;
  text.remove_prefix(digits);
  return static_cast<int>(*value);
}

bool take(std::string_view& text, char expected) {
  if (text.empty() || text.front() != expected) return false;
  text.remove_prefix(1);
  return true;
}

bool take_clock(std::string_view& text, std::tm& parts) {
  const auto hour = take_digits(text, 2, 0, 23);
  if (!hour || !take(text, ':')) return false;
  const auto minute = take_digits(text, 2, 0, 59);
  if (!minute) return false;
  parts.tm_hour = *hour;
  parts.tm_min = *minute;
  if (!take(text, ':')) return true;
  const auto second = take_digits(text, 2, 0, 60);
  if (!second) return false;
  parts.tm_sec = *second;
  return true;
}

/// `Z`, `+01:00`, `+0100`: seconds ahead of UTC.
std::optional<std::int64_t> take_offset(std::string_view& text) {
  if (take(text, 'Z')) return 0;
  const bool is_west = text.front() == '-';
  if (!is_west && text.front() != '+') return std::nullopt;
  text.remove_prefix(1);
  const auto hours = take_digits(text, 2, 0, 14);
  take(text, ':');
  const auto minutes = take_digits(text, 2, 0, 59);
  if (!hours || !minutes) return std::nullopt;
  const std::int64_t offset = *hours * 3600 + *minutes * 60;
  return is_west ? -offset : offset;
}

std::optional<std::int64_t> parse_iso(std::string_view text) {
  std::tm parts{};
  const auto year = take_digits(text, 4, 1900, 9999);
  if (!year || !take(text, '-')) return std::nullopt;
  const auto month = take_digits(text, 2, 1, 12);
  if (!month || !take(text, '-')) return std::nullopt;
  const auto day = take_digits(text, 2, 1, 31);
  if (!day) return std::nullopt;
  parts.tm_year = *year - 1900;
  parts.tm_mon = *month - 1;
  parts.tm_mday = *day;
  parts.tm_isdst = -1;
  if (!text.empty() && (take(text, 'T') || take(text, ' ')) && !take_clock(text, parts)) return std::nullopt;
  std::optional<std::int64_t> offset;
  if (!text.empty() && !(offset = take_offset(text))) return std::nullopt;
  if (!text.empty()) return std::nullopt;
  std::tm normalized = parts;
  const std::int64_t utc = ::timegm(&normalized);
  // The 31st of a month of 30 days would silently become another day.
  if (normalized.tm_mday != *day) return std::nullopt;
  return offset ? utc - *offset : std::int64_t{::mktime(&parts)};
}

std::int64_t start_of_day(std::int64_t now_seconds, int days_before) {
  std::tm parts = local_time(now_seconds);
  parts.tm_hour = parts.tm_min = parts.tm_sec = 0;
  parts.tm_mday -= days_before;
  parts.tm_isdst = -1;
  return ::mktime(&parts);
}

/// `2 hours`, `1 week`.
std::optional<std::int64_t> parse_word_duration(std::string_view text) {
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  const auto count = parse_number(text.substr(0, space));
  std::string_view unit = text.substr(space + 1);
  if (unit.ends_with('s')) unit.remove_suffix(1);
  constexpr std::array<std::pair<std::string_view, std::int64_t>, 9> kUnits{{{"second", 1},
                                                                             {"sec", 1},
                                                                             {"minute", 60},
                                                                             {"min", 60},
                                                                             {"hour", 3600},
                                                                             {"day", 86400},
                                                                             {"week", 604800},
                                                                             {"month", 30 * 86400},
                                                                             {"year", 365 * 86400}}};
  for (const auto& [name, seconds] : kUnits)
    if (count && *count < 1'000'000'000 && name == unit) return static_cast<std::int64_t>(*count) * seconds;
  return std::nullopt;
}

}  // namespace

std::string format_time(const Time& time) {
  const std::tm parts = local_time(time.seconds);
  const std::int64_t offset = parts.tm_gmtoff / 60;
  const std::int64_t distance = offset < 0 ? -offset : offset;
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}{:02}:{:02}", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                     parts.tm_hour, parts.tm_min, parts.tm_sec, offset < 0 ? '-' : '+', distance / 60, distance % 60);
}

std::int32_t utc_offset_minutes(std::int64_t seconds) { return static_cast<std::int32_t>(local_time(seconds).tm_gmtoff / 60); }

std::string format_age(std::int64_t seconds) {
  if (seconds < 0) return "in the future";
  struct Unit {
    std::int64_t seconds;
    std::int64_t below;  ///< used for ages less than this
    std::string_view singular, plural;
  };
  constexpr std::int64_t kMinute = 60, kHour = 60 * kMinute, kDay = 24 * kHour;
  constexpr std::array<Unit, 7> kUnits{{{1, 90, "second", "seconds"},
                                        {kMinute, 90 * kMinute, "minute", "minutes"},
                                        {kHour, 36 * kHour, "hour", "hours"},
                                        {kDay, 14 * kDay, "day", "days"},
                                        {7 * kDay, 70 * kDay, "week", "weeks"},
                                        {30 * kDay, 365 * kDay, "month", "months"},
                                        {365 * kDay, INT64_MAX, "year", "years"}}};
  for (const Unit& unit : kUnits)
    if (seconds < unit.below)
      return format_count(static_cast<std::uint64_t>((seconds + unit.seconds / 2) / unit.seconds), unit.singular, unit.plural) + " ago";
  return "long ago";
}

std::optional<std::int64_t> parse_when(std::string_view text, std::int64_t now_seconds) {
  if (text == "now") return now_seconds;
  if (text == "today") return start_of_day(now_seconds, 0);
  if (text == "yesterday") return start_of_day(now_seconds, 1);
  if (text.starts_with('@')) {
    const auto seconds = parse_number(text.substr(1));
    if (!seconds || *seconds > 253402300799ULL) return std::nullopt;
    return static_cast<std::int64_t>(*seconds);
  }
  if (const auto moment = parse_iso(text)) return moment;
  std::string_view amount = text;
  const bool says_ago = amount.ends_with(" ago");
  if (says_ago) amount.remove_suffix(4);
  if (const auto seconds = parse_word_duration(amount)) return now_seconds - *seconds;
  // A bare number could be a year as well as seconds: it is neither.
  if (parse_number(amount)) return std::nullopt;
  if (const auto ms = parse_duration_ms(amount)) return now_seconds - *ms / 1000;
  return std::nullopt;
}

}  // namespace metamori::cmd
