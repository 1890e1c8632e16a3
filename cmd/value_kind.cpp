#include "cmd/value_kind.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace metamori::cmd {
namespace {

using enum ValueKind;

constexpr std::array<std::pair<std::string_view, ValueKind>, 31> kKinds{{
    {"A", range},
    {"B", revision},
    {"CMD", program},
    {"COMMAND", command},
    {"DIR", directory},
    {"DUR", duration},
    {"FILE", file},
    {"FORMAT", text},
    {"GAP", size},
    {"K=V", metadata},
    {"KEY", setting},
    {"KEY=VALUE", assignment},
    {"LINE", text},
    {"MSG", text},
    {"N", number},
    {"N%", percent},
    {"NAME", tag},
    {"PATH", tracked_path},
    {"PATTERN", pattern},
    {"PID|CGROUP", text},
    {"REPO", directory},
    {"REV", revision},
    {"REV:PATH", revision_file},
    {"REV[:PATH]", revision_path},
    {"REV|A..B", range},
    {"SIZE", size},
    {"T", text},
    {"TEXT", text},
    {"VALUE", setting_value},
    {"WHEN", moment},
    {"WORD", text},
}};

}  // namespace

std::optional<ValueKind> find_value_kind(std::string_view placeholder) noexcept {
  for (const auto& [word, kind] : kKinds)
    if (word == placeholder) return kind;
  const auto is_lower = [](char c) { return c >= 'a' && c <= 'z'; };
  if (!placeholder.empty() && is_lower(placeholder.front())) return choice;
  return std::nullopt;
}

std::vector<std::string> choices_of(std::string_view placeholder) {
  std::vector<std::string> words;
  while (!placeholder.empty()) {
    const std::size_t end = std::min(placeholder.find('|'), placeholder.size());
    const std::string_view word = placeholder.substr(0, end);
    words.emplace_back(word.substr(0, word.find('[')));
    placeholder.remove_prefix(std::min(end + 1, placeholder.size()));
  }
  return words;
}

}  // namespace metamori::cmd
