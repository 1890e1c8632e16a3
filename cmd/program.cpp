#include "cmd/program.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <system_error>
#include <utility>

#include "cmd/commands.hpp"
#include "cmd/common_options.hpp"
#include "cmd/exit_codes.hpp"
#include "cmd/help.hpp"
#include "cmd/json_render.hpp"
#include "cmd/options.hpp"
#include "cmd/pager.hpp"
#include "cmd/session.hpp"
#include "cmd/settings.hpp"
#include "cmd/text.hpp"

namespace metamori::cmd {
namespace {

/// Looked for before anything is parsed, because parsing may fail, too.
bool asks_for_json(const std::vector<std::string>& words) {
  const auto end = std::find(words.begin(), words.end(), "--");
  return std::any_of(words.begin(), end, [](const std::string& word) { return word == "--json" || word == "--json-lines"; });
}

void change_directory(const std::vector<std::string>& directories) {
  for (const std::string& directory : directories)
    if (!directory.empty() && ::chdir(directory.c_str()) != 0)
      throw Error(ErrorKind::io, "change to directory '" + directory + "': " + std::generic_category().message(errno), {}, directory);
}

bool uses_color(const CommonOptions& common, const Environment& environment, bool is_terminal) {
  if (common.color != ColorMode::automatic) return common.color == ColorMode::always;
  return is_terminal && !environment.no_color && !environment.is_dumb_terminal;
}

/// Where errors go, in the form that was asked for.
class ErrorReport {
 public:
  ErrorReport(const Environment& environment, bool as_json, Output& out, Output& err)
      : environment_(environment), as_json_(as_json), out_(out), err_(err) {}

  int operator()(const Error& error) {
    const int code = exit_code(error.kind());
    if (as_json_) {
      JsonWriter json(out_);
      json.begin_object().field("schema", "metamori/1").field("type", "error");
      write_cause(json, error);
      json.field("exit_code", code).end_object();
      out_.write("\n");
      return code;
    }
    err_.print("metamori: error: {}\n", printable_message(error.what(), environment_.is_utf8));
    if (!error.hint().empty()) err_.print("hint: {}\n", printable(error.hint(), environment_.is_utf8, true));
    return code;
  }

 private:
  const Environment& environment_;
  bool as_json_;
  Output& out_;
  Output& err_;
};

/// Settings as the command at hand needs them: strictly, or as far as they make sense.
Settings load_settings(const CommandRow& row, const CommonOptions& common, const Environment& environment, Output& err) {
  const bool is_strict = row.traits.needs_settings && !common.help;
  try {
    return Settings(find_setting_files(common, environment, row.traits.has_repository), environment, common.settings);
  } catch (const Error& error) {
    if (is_strict) throw;
    if (row.group != CommandGroup::hidden && row.name != "config")
      err.print("metamori: warning: settings are left out: {}\n", printable(error.what(), environment.is_utf8, false));
    return {};
  }
}

/// Leads what is printed through a pager, if there is a terminal, a pager, and nobody who doesn't want it.
void choose_pager(const CommandRow& row, const CommonOptions& common, const Environment& environment, const Settings& settings,
                  const Terminals& terminals) {
  const bool is_wanted = row.traits.is_paged || common.help;
  if (!is_wanted || !terminals.out || terminals.pager == nullptr || common.no_pager || common.json || common.json_lines) return;
  const FoundSetting* setting = settings.find("pager");
  const std::string command = setting != nullptr ? setting->value : environment.pager.value_or("less");
  if (!command.empty() && command != "cat") terminals.pager->choose(command);
}

int run_command(std::vector<std::string> words, CommonOptions& common, const Options& common_options, Environment& environment,
                Terminals terminals, Output& out, Output& err) {
  const CommandRow& row = get_command(words.front());
  const std::unique_ptr<Command> command = row.make();
  Options own;
  command->describe(own);
  words.erase(words.begin());
  try {
    parse_command(own, common_options, words, [&] { return common.help || common.version; });
    if (common.version && row.name != "version") return run_command({"version"}, common, common_options, environment, terminals, out, err);
    change_directory(common.directories);
    const Settings settings = load_settings(row, common, environment, err);
    settings.apply(row.name, own, common_options);
    if (const FoundSetting* author = settings.find("author")) environment.author = author->value;
    choose_pager(row, common, environment, settings, terminals);
    Session session{common,
                    environment,
                    out,
                    err,
                    uses_color(common, environment, terminals.out),
                    terminals.err,
                    terminals.out ? environment.columns : 0,
                    &settings};
    if (common.help) {
      out.write(render_command_help(row, own, common_options, help_style(session)));
      return kExitOk;
    }
    return command->run(session);
  } catch (const Error& error) {
    throw with_hint(error, row.name);
  }
}

}  // namespace

int run_program(const std::vector<std::string>& words, Environment environment, Terminals terminals, Output& out, Output& err) {
  ErrorReport report(environment, asks_for_json(words), out, err);
  try {
    CommonOptions common;
    Options common_options;
    describe_common(common_options, common);
    std::vector<std::string> rest = parse_leading(common_options, words);
    if (common.version) rest = {"version"};
    if (rest.empty() && std::exchange(common.help, false)) rest = {"help"};
    if (rest.empty()) throw Error(ErrorKind::usage, "no command given", "'metamori help' lists the commands");
    return run_command(std::move(rest), common, common_options, environment, terminals, out, err);
  } catch (const Error& error) {
    return report(with_hint(error, "COMMAND"));
  } catch (const ClosedPipe&) {
    throw;
  } catch (const std::bad_alloc&) {
    return report(Error(ErrorKind::io, "out of memory", "--jobs 1 needs less"));
  } catch (const std::exception& error) {
    return report(Error(ErrorKind::io, error.what()));
  }
}

}  // namespace metamori::cmd
