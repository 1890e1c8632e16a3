#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace metamori {

/// Those of `names` that differ from `wanted` by little, nearest first, at most three.
std::vector<std::string> near_names(std::string_view wanted, const std::vector<std::string>& names);

/// `2026-11-20 01:40:05 +0100`.
std::string local_time_text(std::int64_t seconds, std::int32_t offset_minutes);

}  // namespace metamori
