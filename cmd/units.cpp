#include "cmd/units.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

namespace metamori::cmd {
namespace {

/// A number with an optional fraction at the front of `text`, which is advanced past it.
std::optional<double> take_decimal(std::string_view& text) noexcept {
  std::size_t length = 0;
  bool has_digit = false;
  bool has_point = false;
  for (; length < text.size(); ++length) {
    const char c = text[length];
    if (c >= '0' && c <= '9') {
      has_digit = true;
    } else if (c == '.' && !has_point) {
      has_point = true;
    } else {
      break;
    }
  }
  if (!has_digit) return std::nullopt;
  double value = 0;
  if (std::from_chars(text.data(), text.data() + length, value, std::chars_format::fixed).ec != std::errc{}) return std::nullopt;
  text.remove_prefix(length);
  return value;
}

std::optional<double> unit_ms(std::string_view unit) noexcept {
  constexpr std::array<std::pair<std::string_view, double>, 9> kUnits{
      {{"ms", 1}, {"s", 1000}, {"sec", 1000}, {"m", 60e3}, {"min", 60e3}, {"h", 3600e3}, {"d", 86400e3}, {"w", 604800e3}, {"", 1000}}};
  for (const auto& [name, value] : kUnits)
    if (name == unit) return value;
  return std::nullopt;
}

}  // namespace

std::string format_size(std::uint64_t bytes, bool exact) {
  if (exact || bytes < 1024) return fmt::format("{} B", bytes);
  constexpr std::array<const char*, 6> kUnits{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  double value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  // 1023.95 would be shown as 1024.0: it belongs to the next unit.
  while (value >= 1023.95 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  if (value >= 99.95) return fmt::format("{:.0f} {}", value, kUnits[unit]);
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string format_count(std::uint64_t count, std::string_view singular, std::string_view plural) {
  return fmt::format("{} {}", count, count == 1 ? singular : plural);
}

std::string format_seconds(double seconds) {
  if (!(seconds >= 0)) seconds = 0;
  if (seconds < 9.995) return fmt::format("{:.2f} s", seconds);
  const auto whole = static_cast<std::uint64_t>(std::llround(seconds));
  if (whole < 120) return fmt::format("{} s", whole);
  if (whole < 7200) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
}

std::optional<std::uint64_t> parse_number(std::string_view text) noexcept {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::uint64_t> parse_size(std::string_view text) noexcept {
  if (const auto plain = parse_number(text)) return plain;
  const auto value = take_decimal(text);
  if (!value || text.empty()) return std::nullopt;
  constexpr std::string_view kPrefixes = "KMGT";
  const char prefix = text.front() == 'k' ? 'K' : text.front();
  const std::size_t power = kPrefixes.find(prefix);
  text.remove_prefix(1);
  if (power == std::string_view::npos || !(text.empty() || text == "iB")) return std::nullopt;
  const double bytes = std::ldexp(*value, static_cast<int>(10 * (power + 1)));
  if (bytes >= 0x1p63) return std::nullopt;
  return static_cast<std::uint64_t>(bytes);
}

std::optional<std::int64_t> parse_duration_ms(std::string_view text) noexcept {
  if (text.empty()) return std::nullopt;
  double total = 0;
  while (!text.empty()) {
    const auto value = take_decimal(text);
    if (!value) return std::nullopt;
    std::size_t length = 0;
    while (length < text.size() && text[length] >= 'a' && text[length] <= 'z') ++length;
    const auto unit = unit_ms(text.substr(0, length));
    if (!unit || (length == 0 && !text.empty())) return std::nullopt;
    text.remove_prefix(length);
    total += *value * *unit;
  }
  if (total > 1e15) return std::nullopt;
  return static_cast<std::int64_t>(std::llround(total));
}

std::optional<std::uint32_t> parse_percent(std::string_view text) noexcept {
  if (text.ends_with('%')) text.remove_suffix(1);
  const auto value = parse_number(text);
  if (!value || *value < 1 || *value > 100) return std::nullopt;
  return static_cast<std::uint32_t>(*value);
}

}  // namespace metamori::cmd
