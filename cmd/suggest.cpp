#include "cmd/suggest.hpp"

#include <algorithm>

namespace metamori::cmd {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  const std::size_t width = b.size() + 1;
  std::vector<std::size_t> before(width), last(width), row(width);
  for (std::size_t j = 0; j < width; ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j < width; ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& known) {
  // Any short option is one letter from any other; and nobody mistypes a page.
  const bool is_short_option = word.size() == 2 && word.front() == '-';
  if (word.size() < 2 || word.size() > 64 || is_short_option) return {};
  const std::string* best = nullptr;
  std::size_t best_distance = 0;
  for (const std::string& each : known) {
    const bool is_start = each.starts_with(word);
    const std::size_t distance = is_start ? 1 : edit_distance(word, each);
    if (distance <= std::max<std::size_t>(1, each.size() / 3) && (best == nullptr || distance < best_distance)) {
      best = &each;
      best_distance = distance;
    }
  }
  return best == nullptr ? std::string() : "did you mean " + *best + "?";
}

}  // namespace metamori::cmd
