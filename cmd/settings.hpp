#pragma once

// The settings in force: those of files, environment and command line, each of which outdoes the ones before.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cmd/common_options.hpp"
#include "cmd/environment.hpp"
#include "cmd/setting_keys.hpp"

namespace metamori::cmd {

enum class SettingSource { built_in, system, user, repository, environment, command_line };
std::string_view source_name(SettingSource source) noexcept;

struct FoundSetting {
  const SettingKey* key = nullptr;
  std::string value;
  SettingSource source = SettingSource::built_in;
  std::string origin;  ///< the file and line, the variable, or `-c`
};

/// Files of settings. Nothing: there is none.
struct SettingFiles {
  std::optional<std::string> system;
  std::optional<std::string> user;
  std::optional<std::string> repository;
};
/// Where they are, whether they exist or not. The repository's only if it is wanted, and there is one that can be believed.
SettingFiles find_setting_files(const CommonOptions& common, const Environment& environment, bool wants_repository);

class Settings {
 public:
  Settings() = default;
  /// Reads all of them. Throws usage for an unknown key, a value that makes no sense, a file that does not; refused if the repository's
  /// file names a program.
  Settings(const SettingFiles& files, const Environment& environment, const std::vector<std::string>& command_line);

  /// Nothing if it is not set.
  [[nodiscard]] const FoundSetting* find(std::string_view name) const noexcept;
  /// All that are set, the weaker first.
  [[nodiscard]] const std::vector<FoundSetting>& all() const noexcept { return found_; }
  /// Sets those options of a command that have a setting and were not given.
  void apply(std::string_view command, const Options& own, const Options& common) const;

 private:
  void add_file(const std::optional<std::string>& path, SettingSource source);
  void add(FoundSetting setting);
  std::vector<FoundSetting> found_;
};

}  // namespace metamori::cmd
