#include <array>
#include <cstdio>

#include "base/files.hpp"

namespace metamori {
namespace {

unsigned at(std::string_view text, std::size_t index) noexcept { return static_cast<unsigned char>(text[index]); }

/// The length of the well-formed, printable UTF-8 sequence that `text` begins with; 0 if there is none.
std::size_t printable_length(std::string_view text) noexcept {
  const unsigned first = at(text, 0);
  if (first < 0x80) return first >= 0x20 && first != 0x7f ? 1 : 0;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
  unsigned code = first & (0x7fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((at(text, i) & 0xc0) != 0x80) return 0;
    code = code << 6 | (at(text, i) & 0x3f);
  }
  static constexpr std::array<unsigned, 5> kSmallest{0, 0, 0x80, 0x800, 0x10000};
  const bool well_formed = code >= kSmallest[length] && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
  // C1 controls, and the marks that turn the direction of text or end a line, would let a name forge a message.
  const bool control = (code >= 0x80 && code < 0xa0) || (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
                       (code >= 0x2060 && code <= 0x206f) || code == 0xfeff;
  return well_formed && !control ? length : 0;
}

void append_escape(std::string& text, unsigned byte) {
  static constexpr std::string_view kCodes = "\a\b\t\n\v\f\r\x1b";
  static constexpr std::string_view kLetters = "abtnvfre";
  if (const auto index = kCodes.find(static_cast<char>(byte)); index != std::string_view::npos) {
    text += '\\';
    text += kLetters[index];
    return;
  }
  std::array<char, 5> octal{};  // octal and not hexadecimal: it ends after three digits whatever follows
  std::snprintf(octal.data(), octal.size(), "\\%03o", byte);
  text += octal.data();
}

}  // namespace

std::string quoted(std::string_view path) {
  std::string plain;
  bool is_plain = true;
  std::string escaped;
  for (std::size_t i = 0; i < path.size();) {
    const std::size_t length = printable_length(path.substr(i));
    if (length == 0) {
      append_escape(escaped, at(path, i));
      is_plain = false;
      ++i;
      continue;
    }
    const std::string_view piece = path.substr(i, length);
    if (piece == "'" || piece == "\\") escaped += '\\';
    escaped += piece;
    if (piece == "'")
      plain += "'\\''";
    else
      plain += piece;
    i += length;
  }
  return is_plain ? "'" + plain + "'" : "$'" + escaped + "'";
}

}  // namespace metamori
