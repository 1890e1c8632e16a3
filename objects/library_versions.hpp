#pragma once

#include <string>
#include <utility>
#include <vector>

namespace metamori {

/// Names and versions of the libraries that the object store uses, as loaded.
std::vector<std::pair<std::string, std::string>> object_library_versions();

}  // namespace metamori
