#pragma once

// What `restore` and `undo` have in common: how a restore is told of.

#include "cmd/options.hpp"
#include "cmd/session.hpp"

namespace metamori::cmd {

/// Options that say how files are written back, whatever is restored.
void describe_restore_manner(Options& options, RestoreOptions& restore);
/// Shows the report, as JSON of `type` or as text, and returns the exit code.
int show_restore_report(Session& session, std::string_view type, const RestoreOptions& options, const RestoreReport& report);

}  // namespace metamori::cmd
