#include "objects/git/regex.hpp"

#include <array>

#include "base/files.hpp"

namespace metamori {

Regex::Regex(const std::string& pattern) {
  const int code = ::regcomp(&compiled_, pattern.c_str(), REG_EXTENDED | REG_NOSUB);
  if (code == 0) return;
  std::array<char, 256> reason{};
  ::regerror(code, &compiled_, reason.data(), reason.size());
  throw Error(ErrorKind::bad_revision, quoted(pattern) + " is not a regular expression: " + reason.data());
}

}  // namespace metamori
