#pragma once

/// \file
/// Settings: files of lines `key = value`. What they look like is in metamori-config(1).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "metamori/export.hpp"
#include "metamori/repository.hpp"

namespace metamori {

/// One line of a file of settings.
struct Setting {
  std::string key;         ///< in lower case, with its section: `core.shared`
  std::string value;       ///< without quotes
  std::uint32_t line = 0;  ///< where it stands, from 1
};

/// What to do where a file of settings is a symbolic link.
enum class SettingsLinks {
  follow,  ///< who keeps settings elsewhere wants them read and written there
  refuse   ///< in a repository, which somebody else may have made: it could lead anywhere
};

/// The settings in `text`, in order; of those with one key the last counts. Knows no keys: what a program doesn't know it should refuse.
/// Throws usage, naming `origin` and the line, for a line that is none.
METAMORI_API std::vector<Setting> parse_settings(std::string_view text, std::string_view origin);

/// The settings in a file; nothing if there is no such file. Throws usage as parse_settings(), refused for a link that is not to be
/// followed, and io.
METAMORI_API std::optional<std::vector<Setting>> read_settings(const std::string& path, SettingsLinks links = SettingsLinks::follow);

/// Sets `key` in a file of settings, or with no value takes it out. All other lines stay as they are, comments too. The file is made if it
/// is missing, with its directories, and replaced as a whole: durable on return. Returns whether it had to be changed. Throws usage for
/// what is no key, and for a file that makes no sense; refused for a link that is not to be followed; locked if another process holds it
/// for seconds; io, no_space.
METAMORI_API bool write_setting(const std::string& path, std::string_view key, const std::optional<std::string>& value,
                                SettingsLinks links = SettingsLinks::follow);

/// The path of the settings file of the repository that Repository::open would open with these options, whether the file exists or not;
/// nothing if it would open none. Reads nothing. Programs that use it must not run commands that it names: whoever made the repository
/// wrote it.
METAMORI_API std::optional<std::string> repository_settings_file(const OpenOptions& options);

}  // namespace metamori
