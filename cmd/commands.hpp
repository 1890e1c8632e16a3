#pragma once

// The one table of commands: parsing, help, manual pages and completions are fed from it.

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "cmd/command.hpp"

namespace metamori::cmd {

enum class CommandGroup { start, everyday, look, care, other, hidden };

struct CommandTraits {
  bool is_paged = false;       ///< long output: through a pager on terminals
  bool has_repository = true;  ///< works on one, so that its settings count
  bool needs_settings = true;  ///< what is wrong with settings stops it; else they are left out, with a warning
};

struct CommandRow {
  std::string_view name;
  CommandGroup group;
  std::string_view summary;
  /// Lines of `command # what it does`.
  std::string_view examples;
  /// Exit codes it can end with, besides 0, 1 and 2.
  std::string_view exit_codes;
  std::unique_ptr<Command> (*make)();
  CommandTraits traits = {};
};

std::span<const CommandRow> command_table() noexcept;
std::string_view group_title(CommandGroup group) noexcept;
/// Null if there is no such command.
const CommandRow* find_command(std::string_view name) noexcept;
/// The row of a command that a user named. Throws usage, with the nearest name as hint.
const CommandRow& get_command(std::string_view name);

std::unique_ptr<Command> make_init();
std::unique_ptr<Command> make_track();
std::unique_ptr<Command> make_untrack();
std::unique_ptr<Command> make_checkpoint();
std::unique_ptr<Command> make_stage();
std::unique_ptr<Command> make_status();
std::unique_ptr<Command> make_log();
std::unique_ptr<Command> make_show();
std::unique_ptr<Command> make_ls();
std::unique_ptr<Command> make_cat();
std::unique_ptr<Command> make_diff();
std::unique_ptr<Command> make_find();
std::unique_ptr<Command> make_stats();
std::unique_ptr<Command> make_watch();
std::unique_ptr<Command> make_restore();
std::unique_ptr<Command> make_pin();
std::unique_ptr<Command> make_copy();
std::unique_ptr<Command> make_export();
std::unique_ptr<Command> make_import();
std::unique_ptr<Command> make_forget();
std::unique_ptr<Command> make_gc();
std::unique_ptr<Command> make_recover();
std::unique_ptr<Command> make_undo();
std::unique_ptr<Command> make_tag();
std::unique_ptr<Command> make_verify();
std::unique_ptr<Command> make_repair();
std::unique_ptr<Command> make_version();
std::unique_ptr<Command> make_help();
std::unique_ptr<Command> make_list_options();
std::unique_ptr<Command> make_complete();
std::unique_ptr<Command> make_completion();
std::unique_ptr<Command> make_config();

}  // namespace metamori::cmd
