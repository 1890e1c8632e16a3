#pragma once

#include <cstddef>
#include <string>

#include "cmd/commands.hpp"
#include "cmd/options.hpp"

namespace metamori::cmd {

struct Session;

/// How help is laid out.
struct HelpStyle {
  std::size_t columns = 80;  ///< none wider, but for words that are longer; 40 to 200
  bool has_color = false;    ///< headings stand out
};
HelpStyle help_style(const Session& session);

/// What `metamori help` shows: the commands by group.
std::string render_overview(const HelpStyle& style);
/// What `metamori help CMD` shows: examples first, then options and exit codes.
std::string render_command_help(const CommandRow& row, const Options& own, const Options& common, const HelpStyle& style);
/// `metamori diff [OPTIONS] [A] [B] [-- PATH...]`
std::string render_usage(const CommandRow& row, const Options& own);

}  // namespace metamori::cmd
