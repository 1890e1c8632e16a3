#include "cmd/metadata.hpp"

#include <algorithm>

#include "metamori/error.hpp"

namespace metamori::cmd {
namespace {

bool is_key_character(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-'; }

}  // namespace

Metadata parse_metadata(const std::vector<std::string>& words) {
  Metadata metadata;
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    const std::string key = word.substr(0, equals);
    if (equals == std::string::npos || key.empty() || !std::all_of(key.begin(), key.end(), is_key_character))
      throw Error(ErrorKind::usage, "--meta: '" + word + "' is not KEY=VALUE with a key of letters, digits and '-'");
    std::string value = word.substr(equals + 1);
    if (value.find('\n') != std::string::npos) throw Error(ErrorKind::usage, "--meta: the value of '" + key + "' is more than one line");
    metadata.emplace_back(key, std::move(value));
  }
  return metadata;
}

}  // namespace metamori::cmd
