#include <algorithm>
#include <map>

#include "cmd/commands.hpp"
#include "cmd/exit_codes.hpp"
#include "cmd/json_render.hpp"
#include "cmd/settings.hpp"
#include "cmd/suggest.hpp"
#include "cmd/text.hpp"
#include "metamori/config.hpp"

namespace metamori::cmd {
namespace {

class ConfigCommand final : public Command {
 public:
  void describe(Options& options) override {
    options.optional("get|set|unset|list", action_, "What to do (default: list)");
    options.optional("KEY", key_, "The setting");
    options.optional("VALUE", value_, "With set: what it is to be");
    options.flag("--system", in_system_, "Only the file for all users");
    options.flag("--user", in_user_, "Only your own file");
    options.flag("--repository", in_repository_, "Only the repository's file; the default of set and unset");
    options.flag("--show-origin", show_origin_, "Also where each is set");
    options.flag("--all", all_, "With list: those that are not set, too, with their defaults");
  }

  int run(Session& session) override {
    if (in_system_ + in_user_ + in_repository_ > 1) throw Error(ErrorKind::usage, "--system, --user and --repository exclude each other");
    const std::string action = action_.value_or("list");
    if (all_ && action != "list") throw Error(ErrorKind::usage, "--all goes with list");
    if (action == "list") return list(session);
    if (action == "get") return get(session);
    if (action == "set" || action == "unset") return change(session, action == "set");
    throw Error(ErrorKind::usage, "config knows no " + shell_quote(action, true) + ": it is not one of get|set|unset|list",
                did_you_mean(action, {"get", "set", "unset", "list"}));
  }

 private:
  [[nodiscard]] Settings load(const Session& session) const {
    SettingFiles files = find_setting_files(session.common, session.environment, !in_system_ && !in_user_);
    if (!in_system_ && !in_user_ && !in_repository_) return Settings(files, session.environment, session.common.settings);
    if (in_repository_ && !files.repository) static_cast<void>(Repository::open(session.open_options()));  // tells why
    if (!in_system_) files.system.reset();
    if (!in_user_) files.user.reset();
    if (!in_repository_) files.repository.reset();
    return Settings(files, Environment{}, {});
  }

  int list(Session& session) const {
    if (key_) throw Error(ErrorKind::usage, "list takes no KEY", "metamori config get " + shell_quote(*key_, true));
    const Settings settings = load(session);
    std::map<std::string_view, FoundSetting> shown;
    if (all_)
      for (const SettingKey& key : setting_keys())
        shown[key.name] = {&key, std::string(key.default_value), SettingSource::built_in, "default"};
    for (const FoundSetting& setting : settings.all()) shown[setting.key->name] = setting;
    if (session.json()) {
      JsonReport json(session, "config");
      json->key("settings").begin_array();
      for (const auto& [name, setting] : shown) {
        json->begin_object();
        write_setting_members(*json, setting);
        json->end_object();
      }
      json->end_array();
      json.end();
      return kExitOk;
    }
    for (const auto& [name, setting] : shown) print(session, setting);
    return kExitOk;
  }

  int get(Session& session) const {
    if (!key_ || value_) throw Error(ErrorKind::usage, "get takes one KEY", "'metamori config list --all' shows every key");
    const SettingKey& key = get_setting_key(*key_, "");
    const Settings settings = load(session);
    FoundSetting setting{&key, std::string(key.default_value), SettingSource::built_in, "default"};
    if (const FoundSetting* found = settings.find(key.name)) setting = *found;
    const bool is_set = setting.source != SettingSource::built_in;
    const bool in_one_file = in_system_ || in_user_ || in_repository_;
    if (!is_set && (in_one_file || key.default_value.empty()))
      throw Error(ErrorKind::io, std::string(key.name) + " is not set",
                  "metamori config set " + std::string(key.name) + " " + std::string(key.values));
    if (session.json()) {
      JsonReport json(session, "config");
      write_setting_members(*json, setting);
      json.end();
    } else if (show_origin_) {
      session.out.print("{}\t{}\n", session.quote(setting.origin), session.safe_text(setting.value));
    } else {
      session.out.print("{}\n", session.safe_text(setting.value));
    }
    return kExitOk;
  }

  int change(Session& session, bool sets) const {
    if (show_origin_) throw Error(ErrorKind::usage, "--show-origin goes with get and list");
    if (!key_ || sets != value_.has_value())
      throw Error(ErrorKind::usage, sets ? "set takes a KEY and a VALUE" : "unset takes one KEY",
                  "'metamori config list --all' shows every key");
    // What is unknown can still be taken out.
    const SettingKey* key = sets ? &get_setting_key(*key_, "") : find_setting_key(*key_);
    if (sets) check(*key);
    const std::string file = chosen_file(session);
    const bool changed = write_setting(file, *key_, value_, in_system_ || in_user_ ? SettingsLinks::follow : SettingsLinks::refuse);
    if (session.json()) {
      JsonReport json(session, "config");
      json->field("key", std::string_view(*key_)).key("value");
      if (value_) {
        json->text(*value_);
      } else {
        json->null();
      }
      json->path("file", file).field("changed", changed);
      json.end();
      return kExitOk;
    }
    if (changed) {
      session.note(*key_ + (sets ? " = " + *value_ : std::string(" is no longer set")) + " in " + session.quote(file));
    } else {
      session.note(*key_ + (sets ? " was so already" : " was not set") + " in " + session.quote(file));
    }
    return kExitOk;
  }

  void check(const SettingKey& key) const {
    check_setting(key, *value_, "");
    const bool for_repository = !in_system_ && !in_user_;
    if (for_repository && !may_stand_in_repository(key))
      throw Error(ErrorKind::refused, "a repository's own settings may not name a program: " + std::string(key.name),
                  "for yourself: metamori config set --user " + std::string(key.name) + " " + shell_quote(*value_, true));
    if (!for_repository && key.type == SettingType::sharing)
      throw Error(ErrorKind::usage, std::string(key.name) + " belongs into a repository's own settings", "leave --system and --user away");
  }

  [[nodiscard]] std::string chosen_file(const Session& session) const {
    const SettingFiles files = find_setting_files(session.common, session.environment, !in_system_ && !in_user_);
    if (in_system_) return *files.system;
    if (in_user_ && !files.user)
      throw Error(ErrorKind::usage, "there is no place for your own settings: neither HOME nor XDG_CONFIG_HOME is set", "set one of them");
    if (in_user_) return *files.user;
    if (files.repository) return *files.repository;
    try {
      static_cast<void>(Repository::open(session.open_options()));
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::no_repository) throw;
    }
    throw Error(ErrorKind::no_repository, "there is no repository whose settings could change", "--user means your own settings");
  }

  static void write_setting_members(JsonWriter& json, const FoundSetting& setting) {
    json.field("key", setting.key->name).field("value", std::string_view(setting.value));
    json.field("source", source_name(setting.source)).path("origin", setting.origin);
  }

  void print(Session& session, const FoundSetting& setting) const {
    if (show_origin_) session.out.print("{}\t", session.quote(setting.origin));
    session.out.print("{} = {}", setting.key->name, session.safe_text(setting.value));
    if (all_) session.out.print("{}# {}", std::string(setting.value.empty() ? "" : "  "), setting.key->description);
    session.out.write("\n");
  }

  std::optional<std::string> action_;
  std::optional<std::string> key_;
  std::optional<std::string> value_;
  bool in_system_ = false;
  bool in_user_ = false;
  bool in_repository_ = false;
  bool show_origin_ = false;
  bool all_ = false;
};

}  // namespace

std::unique_ptr<Command> make_config() { return std::make_unique<ConfigCommand>(); }

}  // namespace metamori::cmd
