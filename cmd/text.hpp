#pragma once

// Bytes on their way to a reader: paths and messages may hold anything, terminals and JSON may not.

#include <cstddef>
#include <string>
#include <string_view>

namespace metamori::cmd {

/// One step through text that may not be UTF-8. An invalid byte is a step of length 1.
struct CodePoint {
  char32_t value = 0;
  std::size_t length = 1;
  bool is_valid = false;
};
CodePoint decode_utf8(std::string_view text, std::size_t position) noexcept;

bool is_utf8(std::string_view text) noexcept;
/// Each invalid byte becomes U+FFFD.
std::string replace_invalid_utf8(std::string_view text);

/// `bytes` as one word of a shell (bash, zsh, ksh: `$'…'` where control characters or undecodable bytes need it). With `keep_utf8` false
/// everything beyond ASCII is escaped, for locales that can't show it.
std::string shell_quote(std::string_view bytes, bool keep_utf8);

/// Text for a person: control characters and undecodable bytes as `\xNN`, so that no name or message can drive the terminal. Newlines and
/// tabs are kept if `keep_lines`, else shown as `\n` and `\t`.
std::string printable(std::string_view text, bool keep_utf8, bool keep_lines);

/// An error's message for a person: as printable() on one line, but words in it that are quoted for the shell stay such words where
/// `keep_utf8` is false.
std::string printable_message(std::string_view text, bool keep_utf8);

/// Columns that printable UTF-8 text takes on a terminal: East Asian wide ones two, combining marks none.
std::size_t text_columns(std::string_view text) noexcept;
/// As much of the beginning of `text` as fits into `columns`.
std::string_view truncate_columns(std::string_view text, std::size_t columns) noexcept;
/// As much of the end of `text` as fits into `columns`.
std::string_view last_columns(std::string_view text, std::size_t columns) noexcept;
/// All of it if it fits into `columns`, else its end behind an ellipsis: of a path the end tells most.
std::string ending_of(std::string_view text, std::size_t columns, bool keep_utf8);

std::string base64(std::string_view bytes);

}  // namespace metamori::cmd
