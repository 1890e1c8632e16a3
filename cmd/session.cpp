#include "cmd/session.hpp"

#include "cmd/exit_codes.hpp"
#include "cmd/text.hpp"
#include "cmd/units.hpp"

namespace metamori::cmd {

void Session::note(std::string_view text) {
  if (common.quiet || json()) return;
  err.print("{}\n", printable(text, environment.is_utf8, false));
}

void Session::warn(std::string_view text) { err.print("metamori: warning: {}\n", printable(text, environment.is_utf8, false)); }

int Session::tell_damaged(const std::vector<std::uint64_t>& numbers) {
  for (const std::uint64_t number : numbers)
    warn(fmt::format("record {} is damaged and was passed over; 'metamori verify' tells what is affected", number));
  return numbers.empty() ? kExitOk : kExitCorrupt;
}

std::string Session::quote(std::string_view bytes) const { return shell_quote(bytes, environment.is_utf8); }
std::string Session::safe_text(std::string_view text) const { return printable(text, environment.is_utf8, true); }
std::string Session::size(std::uint64_t bytes) const { return format_size(bytes, common.exact_bytes); }

std::string Session::colored(std::string_view sgr, std::string_view text) const {
  if (!out_has_color) return std::string(text);
  return fmt::format("\x1b[{}m{}\x1b[0m", sgr, text);
}

}  // namespace metamori::cmd
