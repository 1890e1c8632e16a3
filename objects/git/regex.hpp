#pragma once

#include <regex.h>

#include <string>

namespace metamori {

/// A POSIX extended regular expression, as git takes after `:/`; case-sensitive. (libgit2's own engine would visit every commit by its
/// clock, forgotten ones too, and loses memory at each search.)
class Regex {
 public:
  /// Throws bad_revision if `pattern` is none.
  explicit Regex(const std::string& pattern);
  ~Regex() { ::regfree(&compiled_); }
  Regex(const Regex&) = delete;
  Regex& operator=(const Regex&) = delete;
  [[nodiscard]] bool is_in(const std::string& text) const { return ::regexec(&compiled_, text.c_str(), 0, nullptr, 0) == 0; }

 private:
  regex_t compiled_{};
};

}  // namespace metamori
