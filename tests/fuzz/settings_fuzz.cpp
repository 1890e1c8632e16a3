// Any bytes as a file of settings: its settings, or `usage`. Setting one in it changes that one alone, and what was set is read back.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "core/settings_text.hpp"
#include "metamori/config.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using namespace metamori;

constexpr std::string_view kKey = "core.k";

/// Key and value of each but those of kKey, in order.
std::string others(const std::vector<Setting>& settings) {
  std::string text;
  for (const Setting& setting : settings)
    if (setting.key != kKey) text += setting.key + '\0' + setting.value + '\0';
  return text;
}

void check(std::string_view text, const std::string& value) {
  std::vector<Setting> before;
  try {
    before = parse_settings(text, "f");
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::usage) std::abort();
    return;
  }
  const std::vector<Setting> with = parse_settings(edit_settings(text, kKey, value), "f");
  const auto is_key = [](const Setting& setting) { return setting.key == kKey; };
  const auto found = std::find_if(with.rbegin(), with.rend(), is_key);
  if (found == with.rend() || found->value != value || others(with) != others(before)) std::abort();
  const std::vector<Setting> without = parse_settings(edit_settings(text, kKey, std::nullopt), "f");
  if (std::any_of(without.begin(), without.end(), is_key) || others(without) != others(before)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  // What stands before the first NUL is also the value.
  std::string value(input.substr(0, input.find('\0')));
  std::erase(value, '\r');
  check(input.substr(std::min(value.size(), input.size())), value);
  check(input, value);
  return 0;
}
