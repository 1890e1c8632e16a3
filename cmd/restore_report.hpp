#pragma once

// What `restore` and `undo` have in common: how a restore is told of.

#include "cmd/options.hpp"
#include "cmd/session.hpp"

namespace metamori::cmd {

/// Options that say how files are written back, whatever is restored.
void describe_restore_manner(Options& options, RestoreOptions& restore);

/// What was asked for, as far as a report tells of it.
struct RestoreShown {
  std::string_view type;  ///< of the JSON report
  const RestoreOptions& options;
  const std::string& tree_directory;
};
/// Shows the report, as JSON or as text, and returns the exit code. What is torn as it was captured is warned of and changes no exit code:
/// it is exactly what was asked for.
int show_restore_report(Session& session, const RestoreShown& shown, const RestoreReport& report);

/// One line each.
void warn_of(Session& session, const std::vector<RestoreWarning>& warnings);

}  // namespace metamori::cmd
