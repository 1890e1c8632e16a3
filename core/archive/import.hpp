#pragma once

#include <functional>

#include "core/engine.hpp"
#include "metamori/archive.hpp"

namespace metamori {

/// As import_archive() of metamori/archive.hpp.
ImportReport read_archive(Engine& engine, const ImportOptions& options,
                          const std::function<std::size_t(std::byte* buffer, std::size_t size)>& read);

}  // namespace metamori
