#pragma once

#include <string_view>
#include <vector>

#include "metamori/error.hpp"

namespace metamori::cmd {

/// What the program ends with; scripts rest on these numbers.
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitLosses = 3;
inline constexpr int kExitDifferences = 4;
inline constexpr int kExitNoRepository = 10;
inline constexpr int kExitLocked = 11;
inline constexpr int kExitBadRevision = 12;
inline constexpr int kExitCorrupt = 13;
inline constexpr int kExitUnsupported = 14;
inline constexpr int kExitNoSpace = 15;
inline constexpr int kExitRefused = 16;

/// The exit code that tells of an error of this kind.
int exit_code(ErrorKind kind) noexcept;
/// The kind as JSON names it.
std::string_view kind_name(ErrorKind kind) noexcept;
/// The error, with a hint on what to do next where it has none. `command`: the name of the one that failed.
Error with_hint(const Error& error, std::string_view command);
/// One line on what an exit code means, for help and man pages; empty for an unknown code.
std::string_view exit_code_meaning(int code) noexcept;
/// 0, 1, 2, and those that `further` lists as in CommandRow::exit_codes.
std::vector<int> exit_codes_with(std::string_view further);

}  // namespace metamori::cmd
