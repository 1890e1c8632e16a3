#pragma once

#include <string>
#include <vector>

#include "metamori/checkpoint.hpp"

namespace metamori::cmd {

/// `K=V` words as metadata. Throws usage for a key that isn't letters, digits and `-`, or a value of several lines.
Metadata parse_metadata(const std::vector<std::string>& words);

}  // namespace metamori::cmd
