#pragma once

#include <string>

#include "cmd/commands.hpp"
#include "cmd/options.hpp"

namespace metamori::cmd {

/// What `metamori help` shows: the commands by group.
std::string render_overview();
/// What `metamori help CMD` shows: examples first, then options and exit codes.
std::string render_command_help(const CommandRow& row, const Options& own, const Options& common);
/// `metamori diff [OPTIONS] [A] [B] [-- PATH...]`
std::string render_usage(const CommandRow& row, const Options& own);

}  // namespace metamori::cmd
