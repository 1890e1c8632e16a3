#include "cmd/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <iterator>

namespace metamori::cmd {
namespace {

constexpr bool is_continuation(unsigned char byte) noexcept { return (byte & 0xC0U) == 0x80U; }

/// Code points that are invisible, move the cursor, or reverse the order of what follows.
constexpr bool is_deceptive(char32_t point) noexcept {
  return point < 0x20 || (point >= 0x7F && point < 0xA0) || (point >= 0x200B && point <= 0x200F) || (point >= 0x2028 && point <= 0x202E) ||
         (point >= 0x2060 && point <= 0x206F) || point == 0xFEFF || (point >= 0xFFF9 && point <= 0xFFFB) || point == 0xAD ||
         point == 0x61C || point == 0x180E || (point >= 0xE0000 && point <= 0xE007F);
}

constexpr bool needs_escape(const CodePoint& point, bool keep_utf8) noexcept {
  return !point.is_valid || is_deceptive(point.value) || (!keep_utf8 && point.value >= 0x80);
}

struct CodeRange {
  char32_t first;
  char32_t last;
};
/// What terminals show on two columns, and on none; the large blocks of Unicode's tables, which don't depend on the locale.
constexpr CodeRange kWide[] = {{0x1100, 0x115F},   {0x231A, 0x231B},   {0x2E80, 0x303E},   {0x3041, 0x33FF},   {0x3400, 0x4DBF},
                               {0x4E00, 0x9FFF},   {0xA000, 0xA4CF},   {0xA960, 0xA97F},   {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},
                               {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},   {0x16FE0, 0x18AFF}, {0x1B000, 0x1B2FF},
                               {0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF}, {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD}};
constexpr CodeRange kNarrowest[] = {{0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD},  {0x0610, 0x061A}, {0x064B, 0x065F},
                                    {0x0E34, 0x0E3A}, {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF},  {0x20D0, 0x20FF}, {0x3099, 0x309A},
                                    {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}, {0xE0100, 0xE01EF}};

constexpr std::size_t columns_of(char32_t point) noexcept {
  if (point < 0x300) return 1;
  for (const CodeRange& range : kNarrowest)
    if (point >= range.first && point <= range.last) return 0;
  for (const CodeRange& range : kWide)
    if (point >= range.first && point <= range.last) return 2;
  return 1;
}

constexpr bool is_shell_safe(char32_t point) noexcept {
  if (point >= 0x80) return true;
  const char c = static_cast<char>(point);
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("_@%+=:,./-").find(c) != std::string_view::npos;
}

void append_shell_escape(std::string& out, std::string_view bytes) {
  for (const char c : bytes) {
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\r') {
      out += "\\r";
    } else {
      fmt::format_to(std::back_inserter(out), "\\{:03o}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    }
  }
}

std::string dollar_quote(std::string_view bytes, bool keep_utf8) {
  std::string out = "$'";
  for (std::size_t i = 0; i < bytes.size();) {
    const CodePoint point = decode_utf8(bytes, i);
    const std::string_view piece = bytes.substr(i, point.length);
    if (needs_escape(point, keep_utf8)) {
      append_shell_escape(out, piece);
    } else {
      if (piece == "'" || piece == "\\") out += '\\';
      out += piece;
    }
    i += point.length;
  }
  return out + '\'';
}

bool is_ascii(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

/// Length of the word `$'…'` that `text` begins with; 0 if it begins with none.
std::size_t dollar_quoted_length(std::string_view text) noexcept {
  if (!text.starts_with("$'")) return 0;
  for (std::size_t i = 2; i < text.size(); ++i) {
    if (text[i] == '\'') return i + 1;
    if (text[i] == '\\') ++i;
  }
  return 0;
}

/// Such a word without bytes beyond ASCII.
std::string escaped_word(std::string_view word) {
  std::string out;
  for (const char c : word) {
    if (static_cast<unsigned char>(c) < 0x80) {
      out += c;
    } else {
      append_shell_escape(out, std::string_view(&c, 1));
    }
  }
  return out;
}

/// Length of the word in single quotes, `'it'\''s'`, that `text` begins with; 0 if it begins with none. An apostrophe behind a letter
/// begins none.
std::size_t quoted_length(std::string_view text, char before) noexcept {
  const bool is_apostrophe = (before >= 'a' && before <= 'z') || (before >= 'A' && before <= 'Z');
  if (!text.starts_with('\'') || is_apostrophe) return 0;
  for (std::size_t i = 1;;) {
    const std::size_t end = text.find('\'', i);
    if (end == std::string_view::npos) return 0;
    if (!text.substr(end + 1).starts_with("\\''")) return end + 1;
    i = end + 4;
  }
}

/// What such a word means.
std::string unquoted(std::string_view word) {
  std::string out;
  word = word.substr(1, word.size() - 2);
  while (!word.empty()) {
    const std::size_t end = std::min(word.find('\''), word.size());
    out += word.substr(0, end);
    if (end == word.size()) break;
    out += '\'';
    word.remove_prefix(std::min(end + 4, word.size()));
  }
  return out;
}

}  // namespace

CodePoint decode_utf8(std::string_view text, std::size_t position) noexcept {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[position + i]); };
  const unsigned char first = at(0);
  if (first < 0x80) return {first, 1, true};
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || position + length > text.size()) return {first, 1, false};
  char32_t value = first & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if (!is_continuation(at(i))) return {first, 1, false};
    value = (value << 6U) | (at(i) & 0x3FU);
  }
  constexpr char32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool is_surrogate = value >= 0xD800 && value <= 0xDFFF;
  if (value < kSmallest[length] || value > 0x10FFFF || is_surrogate) return {first, 1, false};
  return {value, length, true};
}

bool is_utf8(std::string_view text) noexcept {
  for (std::size_t i = 0; i < text.size();) {
    const CodePoint point = decode_utf8(text, i);
    if (!point.is_valid) return false;
    i += point.length;
  }
  return true;
}

std::string replace_invalid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const CodePoint point = decode_utf8(text, i);
    if (point.is_valid) {
      out += text.substr(i, point.length);
    } else {
      out += "\xEF\xBF\xBD";
    }
    i += point.length;
  }
  return out;
}

std::string shell_quote(std::string_view bytes, bool keep_utf8) {
  bool safe = !bytes.empty();
  for (std::size_t i = 0; i < bytes.size();) {
    const CodePoint point = decode_utf8(bytes, i);
    if (needs_escape(point, keep_utf8)) return dollar_quote(bytes, keep_utf8);
    safe = safe && is_shell_safe(point.value);
    i += point.length;
  }
  if (safe) return std::string(bytes);
  std::string out = "'";
  for (const char c : bytes) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + '\'';
}

std::string printable(std::string_view text, bool keep_utf8, bool keep_lines) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const CodePoint point = decode_utf8(text, i);
    const std::string_view piece = text.substr(i, point.length);
    if (point.value == '\n' || point.value == '\t') {
      out += keep_lines ? piece : std::string_view(point.value == '\n' ? "\\n" : "\\t");
    } else if (needs_escape(point, keep_utf8)) {
      for (const char c : piece) fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    } else {
      out += piece;
    }
    i += point.length;
  }
  return out;
}

std::string printable_message(std::string_view text, bool keep_utf8) {
  if (keep_utf8) return printable(text, true, false);
  std::string out;
  while (!text.empty()) {
    std::size_t length = dollar_quoted_length(text);
    if (length > 0) {
      out += escaped_word(printable(text.substr(0, length), true, false));
    } else if ((length = quoted_length(text, out.empty() ? ' ' : out.back())) > 0) {
      const std::string_view word = text.substr(0, length);
      out += is_ascii(word) ? printable(word, false, false) : shell_quote(unquoted(word), false);
    } else {
      length = std::min(text.find_first_of("'$", 1), text.size());
      out += printable(text.substr(0, length), false, false);
    }
    text.remove_prefix(length);
  }
  return out;
}

std::size_t text_columns(std::string_view text) noexcept {
  std::size_t count = 0;
  for (std::size_t i = 0; i < text.size();) {
    const CodePoint point = decode_utf8(text, i);
    count += columns_of(point.value);
    i += point.length;
  }
  return count;
}

std::string_view truncate_columns(std::string_view text, std::size_t columns) noexcept {
  std::size_t i = 0;
  while (i < text.size()) {
    const CodePoint point = decode_utf8(text, i);
    const std::size_t width = columns_of(point.value);
    if (width > columns) break;
    columns -= width;
    i += point.length;
  }
  return text.substr(0, i);
}

std::string_view last_columns(std::string_view text, std::size_t columns) noexcept {
  std::size_t excess = text_columns(text);
  std::size_t i = 0;
  while (excess > columns) {
    const CodePoint point = decode_utf8(text, i);
    excess -= columns_of(point.value);
    i += point.length;
  }
  return text.substr(i);
}

std::string ending_of(std::string_view text, std::size_t columns, bool keep_utf8) {
  if (text_columns(text) <= columns) return std::string(text);
  const std::string_view gap = keep_utf8 ? "\u2026" : "...";
  const std::size_t width = text_columns(gap);
  return std::string(gap) + std::string(last_columns(text, columns < width ? 0 : columns - width));
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) group = (group << 8U) | (k < count ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k) out += k <= count ? kDigits[(group >> (18U - 6U * k)) & 0x3FU] : '=';
  }
  return out;
}

}  // namespace metamori::cmd
