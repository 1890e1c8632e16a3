#pragma once

#include <cstdint>
#include <iostream>
#include <string_view>

namespace metamori::test {

/// Tells how much a large test looked at. tests/floors holds the least for each profile; counts of one name add up.
inline void print_count(std::string_view name, std::uint64_t value) { std::cout << "count: " << name << ' ' << value << '\n'; }

}  // namespace metamori::test
