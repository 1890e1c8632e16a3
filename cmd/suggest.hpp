#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace metamori::cmd {

/// Insertions, deletions, substitutions and swaps of neighbours that turn one word into the other.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// `did you mean …?` for the nearest of `known`; empty if none is near.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& known);

}  // namespace metamori::cmd
