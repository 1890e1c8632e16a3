#include "cmd/restore_report.hpp"

#include <algorithm>

#include "cmd/exit_codes.hpp"
#include "cmd/json_render.hpp"
#include "cmd/render.hpp"
#include "cmd/units.hpp"

namespace metamori::cmd {
namespace {

constexpr std::size_t kNamedTorn = 10;  ///< files that are told one by one

std::string_view action_name(RestoreActionKind kind) noexcept {
  switch (kind) {
    case RestoreActionKind::create:
      return "create";
    case RestoreActionKind::replace:
      return "replace";
    case RestoreActionKind::rewrite:
      return "rewrite";
    case RestoreActionKind::metadata:
      return "metadata";
    case RestoreActionKind::remove:
      return "remove";
  }
  return "replace";
}

void write_json(Session& session, std::string_view type, const RestoreOptions& options, const RestoreReport& report) {
  JsonReport json(session, type);
  write_name(*json, report.checkpoint);
  json->field("dry_run", options.dry_run);
  json->field("written", report.written).field("removed", report.removed).field("unchanged", report.unchanged);
  json->field("left_alone", report.left_alone).field("bytes_written", report.bytes_written);
  json->field("writers_unknown", report.writers_unknown);
  write_id(*json, "saved_as", report.saved_as ? report.saved_as->id : CheckpointId{});
  json->field("head_moved", report.head_moved);
  if (options.target) json->key("target").begin_object().path("path", *options.target).end_object();
  json->key("actions").begin_array();
  for (const RestoreAction& action : report.actions) {
    json->begin_object().path("path", action.path).field("action", action_name(action.kind));
    json->field("type", type_name(action.type)).field("bytes", action.bytes).end_object();
  }
  json->end_array();
  write_warnings(*json, report.warnings);
  write_torn(*json, report.torn);
  json->key("passed_over").begin_array();
  for (const CheckpointInfo& info : report.passed_over) {
    json->begin_object();
    write_id(*json, "id", info.id);
    json->field("number", info.number).end_object();
  }
  json->end_array();
  json->field("seconds", report.seconds);
  json.end();
}

/// The command that brings back the last whole version of a torn file.
std::string command_for(Session& session, const RestoreOptions& options, const TornFile& file, const std::string& tree_directory) {
  std::string word = current_directory() == tree_directory ? file.path : tree_directory + '/' + file.path;
  if (word.starts_with('-')) word.insert(0, "./");
  std::string command = fmt::format("metamori restore {} {}", file.last_clean->number, session.quote(word));
  if (options.target) command += fmt::format(" --to {} --force", session.quote(*options.target));
  return command;
}

void warn_of_torn(Session& session, const RestoreOptions& options, const RestoreReport& report, const std::string& tree_directory) {
  for (std::size_t i = 0; i < std::min(report.torn.size(), kNamedTorn); ++i) {
    const TornFile& file = report.torn[i];
    const std::string name = session.quote(file.path);
    const std::string offer = file.last_clean ? fmt::format("checkpoint {} has it whole: '{}'", checkpoint_name(*file.last_clean),
                                                            command_for(session, options, file, tree_directory))
                                              : "no checkpoint before has it whole";
    session.warn(fmt::format("{}: torn in checkpoint {}, a mixture perhaps of what it was from moment to moment; {}", name,
                             report.checkpoint.number, offer));
  }
  if (report.torn.size() > kNamedTorn)
    session.warn(fmt::format("{} more files are torn; --json lists all", report.torn.size() - kNamedTorn));
}

/// Removals first: they are what cannot be seen afterwards.
void print_actions(Session& session, const RestoreReport& report, bool only_removals) {
  const auto print = [&](const RestoreAction& action) {
    const bool is_removal = action.kind == RestoreActionKind::remove;
    const std::string suffix = action.type == NodeType::directory ? "/" : "";
    session.out.print("{} {}\n", session.colored(is_removal ? "31" : "32", fmt::format("{:<8}", action_name(action.kind))),
                      session.quote(action.path + suffix));
  };
  for (const RestoreAction& action : report.actions)
    if (action.kind == RestoreActionKind::remove) print(action);
  if (only_removals) return;
  for (const RestoreAction& action : report.actions)
    if (action.kind != RestoreActionKind::remove) print(action);
}

void print_summary(Session& session, const RestoreOptions& options, const RestoreReport& report) {
  const std::string where = options.target ? " to " + session.quote(*options.target) : "";
  if (options.dry_run) {
    session.out.print("dry run: checkpoint {}{} would write {} ({}), remove {}, leave {} unchanged\n", checkpoint_name(report.checkpoint),
                      where, report.written, session.size(report.bytes_written), report.removed, report.unchanged);
    return;
  }
  session.out.print("restored checkpoint {}{}: {} written ({}), {} removed, {} unchanged, {}\n", checkpoint_name(report.checkpoint), where,
                    report.written, session.size(report.bytes_written), report.removed, report.unchanged, format_seconds(report.seconds));
}

void print_notes(Session& session, const RestoreOptions& options, const RestoreReport& report) {
  if (report.left_alone > 0 && !options.remove_extra)
    session.note(format_count(report.left_alone, "path", "paths") + " that the checkpoint lacks " +
                 (report.left_alone == 1 ? "stays" : "stay"));
  if (options.dry_run) return;
  if (report.saved_as) {
    session.note("what was there before is safety checkpoint " + checkpoint_name(*report.saved_as) + "; 'metamori undo' brings it back");
  } else if (!options.target && !options.save && (report.written > 0 || report.removed > 0)) {
    session.note("no safety checkpoint was made (--no-save): this can't be undone");
  }
}

}  // namespace

void warn_of(Session& session, const std::vector<RestoreWarning>& warnings) {
  for (const RestoreWarning& warning : warnings)
    session.warn(warning.path.empty() ? warning.message : session.quote(warning.path) + ": " + warning.message);
}

void describe_restore_manner(Options& options, RestoreOptions& restore) {
  restore.look_for_writers = true;
  options.flag("-n,--dry-run", restore.dry_run, "Only list what would be done");
  options.flag("--keep-inode", restore.keep_inode, "Rewrite files in place, so that programs that have them open see the change");
  options.flag("--force", restore.force, "Go on although unsaved work may be lost, or a running process writes to a file");
  options.flag("--verify", restore.verify, "Read everything back afterwards");
  options.flag("--same-owner", restore.same_owner, "Bring back owners, setuid and setgid bits and security attributes");
  options.flag("--special", restore.special, "Bring back device nodes");
}

int show_restore_report(Session& session, const RestoreShown& shown, const RestoreReport& report) {
  const RestoreOptions& options = shown.options;
  if (session.json()) {
    write_json(session, shown.type, options, report);
  } else {
    const bool shows_all = options.dry_run || session.common.verbose;
    if (!session.common.quiet || options.dry_run) print_actions(session, report, !shows_all);
    if (!session.common.quiet) print_summary(session, options, report);
    if (report.writers_unknown > 0)
      session.note(fmt::format("of {} files it can't be told here whether a running process writes to them", report.writers_unknown));
    warn_of(session, report.warnings);
    warn_of_torn(session, options, report, shown.tree_directory);
    print_notes(session, options, report);
  }
  return report.warnings.empty() ? kExitOk : kExitLosses;
}

}  // namespace metamori::cmd
