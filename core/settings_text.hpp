#pragma once

// The lines of a file of settings. Pure; the files are settings.cpp's.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace metamori {

struct SettingsLine {
  enum class Kind { blank, section, setting, malformed };
  Kind kind = Kind::blank;
  std::string_view text;  ///< the whole line, without its end
  std::string key;        ///< of a setting: in lower case, with its section
  std::string value;      ///< of a setting
  std::string why;        ///< of a malformed one
};

/// Every line of `text`, which must outlive the result.
std::vector<SettingsLine> split_settings(std::string_view text);
/// Letters, digits, `-` and `.`, starting with a letter, no empty part.
bool is_setting_key(std::string_view key);
/// `text` with `key` set, or taken out. `key` must be one.
std::string edit_settings(std::string_view text, std::string_view key, const std::optional<std::string>& value);

}  // namespace metamori
