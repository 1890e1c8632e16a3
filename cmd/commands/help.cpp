#include "cmd/help.hpp"

#include <array>
#include <utility>

#include "cmd/commands.hpp"
#include "cmd/exit_codes.hpp"
#include "cmd/json_render.hpp"
#include "cmd/session.hpp"

namespace metamori::cmd {
namespace {

void write_options(JsonWriter& json, const Options& options) {
  json.key("options").begin_array();
  for (const OptionSpec& spec : options.options()) {
    json.begin_object().key("names").begin_array();
    for (const std::string& name : spec.name_list()) json.text(name);
    json.end_array().field("value", std::string_view(spec.placeholder)).field("optional_value", spec.value == OptionValue::optional);
    json.field("description", std::string_view(spec.description)).end_object();
  }
  json.end_array();
}

/// The row of a command; for what only a manual page tells of, a word on that.
const CommandRow& command_or_page(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kPages{{{"format", "man 5 metamori-format"},
                                                                                 {"ignore", "man 5 metamoriignore"},
                                                                                 {"json", "man 7 metamori-json"},
                                                                                 {"revisions", "man 7 metamori-revisions"}}};
  for (const auto& [topic, page] : kPages)
    if (topic == name)
      throw Error(ErrorKind::usage, "'" + std::string(name) + "' is no command, but has a page in the manual", std::string(page));
  return get_command(name);
}

class HelpCommand final : public Command {
 public:
  void describe(Options& options) override { options.optional("COMMAND", name_, "The command to tell about"); }

  int run(Session& session) override {
    CommonOptions ignored;
    Options common;
    describe_common(common, ignored);
    if (session.json()) {
      write_json(session, common);
    } else if (name_) {
      const CommandRow& row = command_or_page(*name_);
      const std::unique_ptr<Command> command = row.make();
      Options own;
      command->describe(own);
      session.out.write(render_command_help(row, own, common, help_style(session)));
    } else {
      session.out.write(render_overview(help_style(session)));
    }
    return kExitOk;
  }

 private:
  void write_json(Session& session, const Options& common) const {
    if (name_) command_or_page(*name_);
    JsonReport json(session, "help");
    write_options(*json, common);
    json->key("commands").begin_array();
    for (const CommandRow& row : command_table()) {
      if (row.group == CommandGroup::hidden || (name_ && row.name != *name_)) continue;
      const std::unique_ptr<Command> command = row.make();
      Options own;
      command->describe(own);
      json->begin_object().field("name", row.name).field("summary", row.summary).field("usage", std::string_view(render_usage(row, own)));
      json->key("exit_codes").begin_array();
      for (const int code : exit_codes_with(row.exit_codes)) json->number(static_cast<std::int64_t>(code));
      json->end_array();
      write_options(*json, own);
      json->end_object();
    }
    json->end_array();
    json.end();
  }

  std::optional<std::string> name_;
};

}  // namespace

std::unique_ptr<Command> make_help() { return std::make_unique<HelpCommand>(); }

}  // namespace metamori::cmd
