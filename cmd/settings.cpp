#include "cmd/settings.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "cmd/text.hpp"
#include "metamori/config.hpp"

namespace metamori::cmd {
namespace {

constexpr std::string_view kFileName = "/metamori/config";
constexpr std::string_view kSystemFile = "/etc/metamori/config";

bool has_word(std::string_view words, std::string_view wanted) {
  while (!words.empty()) {
    const std::size_t end = std::min(words.find(' '), words.size());
    if (words.substr(0, end) == wanted) return true;
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return false;
}

const OptionSpec* find_option(const Options& options, std::string_view name) {
  for (const OptionSpec& spec : options.options())
    for (const std::string& each : spec.name_list())
      if (each == name) return &spec;
  return nullptr;
}

}  // namespace

std::string_view source_name(SettingSource source) noexcept {
  switch (source) {
    case SettingSource::built_in:
      return "default";
    case SettingSource::system:
      return "system";
    case SettingSource::user:
      return "user";
    case SettingSource::repository:
      return "repository";
    case SettingSource::environment:
      return "environment";
    case SettingSource::command_line:
      return "command line";
  }
  return "default";
}

SettingFiles find_setting_files(const CommonOptions& common, const Environment& environment, bool wants_repository) {
  SettingFiles files;
  files.system = environment.system_config.value_or(std::string(kSystemFile));
  if (environment.config_home && environment.config_home->starts_with('/')) {
    files.user = *environment.config_home + std::string(kFileName);
  } else if (environment.home) {
    files.user = *environment.home + "/.config" + std::string(kFileName);
  }
  if (wants_repository) {
    OpenOptions options;
    options.repository_dir = common.repository_dir ? common.repository_dir : environment.repository_dir;
    files.repository = repository_settings_file(options);
  }
  return files;
}

Settings::Settings(const SettingFiles& files, const Environment& environment, const std::vector<std::string>& command_line) {
  add_file(files.system, SettingSource::system);
  add_file(files.user, SettingSource::user);
  add_file(files.repository, SettingSource::repository);
  for (const SettingKey& key : setting_keys())
    if (const auto found = environment.metamori.find(variable_of(key));
        found != environment.metamori.end() && (!found->second.empty() || key.type == SettingType::program))
      add({&key, found->second, SettingSource::environment, found->first});
  for (const std::string& word : command_line) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos)
      throw Error(ErrorKind::usage, "-c " + shell_quote(word, true) + " sets nothing", "write -c key=value, such as -c jobs=1");
    add({&get_setting_key(word.substr(0, equals), "-c"), word.substr(equals + 1), SettingSource::command_line, "-c"});
  }
}

void Settings::add_file(const std::optional<std::string>& path, SettingSource source) {
  if (!path) return;
  // Who works as another user with HOME as it was can't read that one's settings, and has none.
  if (source == SettingSource::user && ::access(path->c_str(), R_OK) != 0 && errno == EACCES) return;
  const auto settings = read_settings(*path, source == SettingSource::repository ? SettingsLinks::refuse : SettingsLinks::follow);
  if (!settings) return;
  for (const Setting& setting : *settings) {
    const std::string where = *path + ":" + std::to_string(setting.line);
    if (setting.key.starts_with("x-")) continue;  // left to others
    const SettingKey& key = get_setting_key(setting.key, where);
    if (source == SettingSource::repository && !may_stand_in_repository(key))
      throw Error(ErrorKind::refused, where + ": a repository's own settings may not name a program: " + std::string(key.name),
                  "take it out with: metamori config unset --repository " + std::string(key.name) +
                      "; set it for yourself with: metamori config set --user " + std::string(key.name) + " ...");
    add({&key, setting.value, source, where});
  }
}

void Settings::add(FoundSetting setting) {
  if (setting.source != SettingSource::repository && setting.key->type == SettingType::sharing)
    throw Error(ErrorKind::usage, setting.origin + ": " + std::string(setting.key->name) + " belongs into a repository's own settings",
                "take it out there, and use metamori config set --repository");
  check_setting(*setting.key, setting.value, setting.origin);
  found_.push_back(std::move(setting));
}

const FoundSetting* Settings::find(std::string_view name) const noexcept {
  const auto found = std::find_if(found_.rbegin(), found_.rend(), [&](const FoundSetting& each) { return each.key->name == name; });
  return found == found_.rend() ? nullptr : &*found;
}

void Settings::apply(std::string_view command, const Options& own, const Options& common) const {
  for (const SettingKey& key : setting_keys()) {
    if (key.option.empty() || (!key.commands.empty() && !has_word(key.commands, command))) continue;
    const FoundSetting* setting = find(key.name);
    const OptionSpec* spec = find_option(key.commands.empty() ? common : own, key.option);
    if (setting == nullptr || spec == nullptr || spec->is_given) continue;
    if (key.type != SettingType::boolean) {
      spec->set(setting->value);
    } else if (is_true(setting->value)) {
      spec->set({});
    }
  }
}

}  // namespace metamori::cmd
