#pragma once

#include <string>
#include <vector>

namespace metamori::cmd {

/// Words of a file, each ended by a NUL (the last may lack it); `-` is standard input. Throws io.
std::vector<std::string> read_nul_separated(const std::string& file);

}  // namespace metamori::cmd
