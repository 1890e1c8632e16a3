#include "objects/git/suggestions.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <numeric>
#include <utility>

namespace metamori {
namespace {

constexpr std::size_t kMaxSuggestions = 3;

/// Levenshtein's.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

}  // namespace

std::vector<std::string> near_names(std::string_view wanted, const std::vector<std::string>& names) {
  std::vector<std::pair<std::size_t, std::string>> near;
  for (const std::string& name : names) {
    std::size_t distance = edit_distance(wanted, name);
    if (wanted.size() >= 3 && name.starts_with(wanted)) distance = 1;
    if (distance <= 2 && distance < name.size()) near.emplace_back(distance, name);
  }
  std::sort(near.begin(), near.end());
  near.resize(std::min(near.size(), kMaxSuggestions));
  std::vector<std::string> result;
  for (auto& [distance, name] : near) result.push_back(std::move(name));
  return result;
}

std::string local_time_text(std::int64_t seconds, std::int32_t offset_minutes) {
  const std::time_t shifted = static_cast<std::time_t>(seconds) + offset_minutes * 60;
  std::tm fields{};
  if (::gmtime_r(&shifted, &fields) == nullptr) return std::to_string(seconds);
  std::array<char, 64> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &fields);
  const std::int32_t offset = offset_minutes < 0 ? -offset_minutes : offset_minutes;
  const std::string zone = std::to_string(10000 + offset / 60 * 100 + offset % 60).substr(1);
  return std::string(text.data(), size) + (offset_minutes < 0 ? " -" : " +") + zone;
}

}  // namespace metamori
