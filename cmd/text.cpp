#include "cmd/text.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <iterator>

namespace metamori::cmd {
namespace {

constexpr bool is_continuation(unsigned char byte) noexcept { return (byte & 0xC0U) == 0x80U; }

/// Code points that are invisible, move the cursor, or reverse the order of what follows.
constexpr bool is_deceptive(char32_t point) noexcept {
  return point < 0x20 || (point >= 0x7F && point < 0xA0) || (point >= 0x200B && point <= 0x200F) || (point >= 0x2028 && point <= 0x202E) ||
         (point >= 0x2060 && point <= 0x206F) || point == 0xFEFF || (point >= 0xFFF9 && point <= 0xFFFB) || point == 0xAD;
}

constexpr bool needs_escape(const CodePoint& point, bool keep_utf8) noexcept {
  return !point.is_valid || is_deceptive(point.value) || (!keep_utf8 && point.value >= 0x80);
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

std::size_t text_columns(std::string_view text) noexcept {
  std::size_t count = 0;
  for (std::size_t i = 0; i < text.size(); i += decode_utf8(text, i).length) ++count;
  return count;
}

std::string_view truncate_columns(std::string_view text, std::size_t columns) noexcept {
  std::size_t i = 0;
  for (; i < text.size() && columns > 0; --columns) i += decode_utf8(text, i).length;
  return text.substr(0, i);
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
