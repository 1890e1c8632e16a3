#pragma once

#include <functional>

#include "core/engine.hpp"
#include "metamori/archive.hpp"

namespace metamori {

/// As export_archive() of metamori/archive.hpp.
ExportReport write_archive(Engine& engine, const ExportOptions& options, const std::function<void(ByteView)>& receive);

}  // namespace metamori
