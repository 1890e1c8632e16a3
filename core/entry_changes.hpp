#pragma once

// In what two entries of one name differ.

#include "objects/directory.hpp"

namespace metamori {

/// Type and content; of directories the type alone.
bool has_same_content(const Entry& a, const Entry& b);
/// Of two directories: nothing but the time differs, and what is below.
bool differ_in_time_only(const Entry& a, const Entry& b);

}  // namespace metamori
