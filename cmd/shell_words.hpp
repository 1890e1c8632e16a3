#pragma once

// The words of a command line that a shell has not yet looked at.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace metamori::cmd {

struct ShellWords {
  std::vector<std::string> words;  ///< without quotes; the last one, which may be empty, is the one being written
  std::size_t hidden_bytes = 0;    ///< of the last word: the part that readline takes for words of its own, so that it must not be repeated
};

/// Splits a line as bash does, up to the cursor, without expanding anything. A quote may still be open. `breaks` are the characters at
/// which readline begins a new word (COMP_WORDBREAKS).
ShellWords split_shell_line(std::string_view line, std::string_view breaks);

}  // namespace metamori::cmd
