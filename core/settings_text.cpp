#include "core/settings_text.hpp"

#include <algorithm>

namespace metamori {
namespace {

constexpr std::string_view kBlanks = " \t\r";
constexpr std::string_view kCommentMarks = "#;";

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

std::string lowered(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

bool is_comment(std::string_view text) { return text.empty() || kCommentMarks.find(text.front()) != std::string_view::npos; }

/// Up to a comment: a mark at the start or behind a blank.
std::string_view without_comment(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i)
    if (kCommentMarks.find(text[i]) != std::string_view::npos && (i == 0 || kBlanks.find(text[i - 1]) != std::string_view::npos))
      return text.substr(0, i);
  return text;
}

/// The value in quotes at the start of `text`; nothing if it doesn't end there.
std::optional<std::string> unquoted(std::string_view text) {
  std::string value;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') return is_comment(trimmed(text.substr(i + 1))) ? std::optional(value) : std::nullopt;
    if (text[i] != '\\') {
      value += text[i];
      continue;
    }
    if (++i == text.size()) return std::nullopt;
    const std::string_view letters = "nt\"\\", meanings = "\n\t\"\\";
    const std::size_t place = letters.find(text[i]);
    if (place == std::string_view::npos) return std::nullopt;
    value += meanings[place];
  }
  return std::nullopt;
}

std::string quoted_value(const std::string& value) {
  const bool is_plain = !value.empty() && trimmed(value) == value && value.find_first_of("\"\\\n\t#;") == std::string::npos;
  if (is_plain) return value;
  std::string text = "\"";
  for (const char c : value) {
    if (c == '\n') {
      text += "\\n";
    } else if (c == '\t') {
      text += "\\t";
    } else {
      if (c == '"' || c == '\\') text += '\\';
      text += c;
    }
  }
  return text + '"';
}

SettingsLine read_line(std::string_view text, std::string& section) {
  SettingsLine line;
  line.text = text;
  const auto malformed = [&](const char* why) {
    line.kind = SettingsLine::Kind::malformed;
    line.why = why;
    return line;
  };
  const std::string_view rest = trimmed(text);
  if (is_comment(rest)) return line;
  if (rest.front() == '[') {
    const std::string_view head = trimmed(without_comment(rest));
    const std::string name = head.ends_with(']') ? lowered(trimmed(head.substr(1, head.size() - 2))) : std::string("?");
    // An unknown section must not lend its settings to the one before.
    section = name + '.';
    if (!is_setting_key(name)) return malformed("a section is written [name]");
    line.kind = SettingsLine::Kind::section;
    return line;
  }
  const std::size_t equals = rest.find('=');
  if (equals == std::string_view::npos) return malformed("a setting is written key = value");
  line.key = section + lowered(trimmed(rest.substr(0, equals)));
  if (!is_setting_key(line.key)) return malformed("a key is made of letters, digits, '-' and '.'");
  const std::string_view value = trimmed(rest.substr(equals + 1));
  if (value.starts_with('"')) {
    auto inside = unquoted(value);
    if (!inside) return malformed("the quotes make no sense");
    line.value = std::move(*inside);
  } else {
    line.value = trimmed(without_comment(value));
  }
  line.kind = SettingsLine::Kind::setting;
  return line;
}

}  // namespace

bool is_setting_key(std::string_view key) {
  const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto is_fine = [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '.'; };
  return !key.empty() && is_letter(key.front()) && !key.ends_with('.') && key.find("..") == std::string_view::npos &&
         std::all_of(key.begin(), key.end(), is_fine);
}

std::vector<SettingsLine> split_settings(std::string_view text) {
  std::vector<SettingsLine> lines;
  std::string section;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(read_line(text.substr(0, end), section));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string edit_settings(std::string_view text, std::string_view key, const std::optional<std::string>& value) {
  const std::vector<SettingsLine> lines = split_settings(text);
  const auto has_key = [&](const SettingsLine& line) { return line.kind == SettingsLine::Kind::setting && line.key == key; };
  const auto last = std::find_if(lines.rbegin(), lines.rend(), has_key);
  const auto is_section = [](const SettingsLine& line) { return line.kind == SettingsLine::Kind::section; };
  const auto first_section = std::find_if(lines.begin(), lines.end(), is_section);
  const std::string new_line = value ? std::string(key) + " = " + quoted_value(*value) + '\n' : std::string();
  std::string result;
  const bool inserts = value && last == lines.rend();
  for (auto line = lines.begin(); line != lines.end(); ++line) {
    // Behind a section's head it would belong to that.
    if (inserts && line == first_section) result += new_line;
    if (!has_key(*line)) {
      result += std::string(line->text) + '\n';
    } else if (value && &*line == &*last) {
      // As it was written, in its section or with its whole name.
      result += std::string(line->text.substr(0, line->text.find('='))) + "= " + quoted_value(*value) + '\n';
    }
  }
  if (inserts && first_section == lines.end()) result += new_line;
  return result;
}

}  // namespace metamori
