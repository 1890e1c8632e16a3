#pragma once

// Types of entries and of files, one by the other.

#include <optional>

#include "base/system.hpp"
#include "objects/directory.hpp"

namespace metamori {

/// The bits of a file's mode (S_IFMT) that say so.
std::uint32_t mode_type(EntryType type) noexcept;
/// Nothing for sockets and what else has no place in a checkpoint.
std::optional<EntryType> type_of_mode(std::uint32_t mode) noexcept;
bool has_type(const FileStat& stat, EntryType type) noexcept;

}  // namespace metamori
