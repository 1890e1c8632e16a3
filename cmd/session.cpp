#include "cmd/session.hpp"

#include "cmd/text.hpp"
#include "cmd/units.hpp"

namespace metamori::cmd {

void Session::note(std::string_view text) {
  if (common.quiet || json()) return;
  err.print("{}\n", printable(text, environment.is_utf8, false));
}

void Session::warn(std::string_view text) { err.print("metamori: warning: {}\n", printable(text, environment.is_utf8, false)); }

std::string Session::quote(std::string_view bytes) const { return shell_quote(bytes, environment.is_utf8); }
std::string Session::safe_text(std::string_view text) const { return printable(text, environment.is_utf8, true); }
std::string Session::size(std::uint64_t bytes) const { return format_size(bytes, common.exact_bytes); }

std::string Session::colored(std::string_view sgr, std::string_view text) const {
  if (!out_has_color) return std::string(text);
  return fmt::format("\x1b[{}m{}\x1b[0m", sgr, text);
}

}  // namespace metamori::cmd
