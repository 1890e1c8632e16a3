#pragma once

// The steps of open_engine(), for repair, which mends what that refuses to open.

#include "core/engine.hpp"

namespace metamori {

/// Found, and allowed to be used; nothing in it is opened. Errors as open_engine(), but for damage.
std::unique_ptr<Engine> locate_engine(System& system, const OpenOptions& options);
/// Opens the directories, and what reads and writes them. Throws corrupt if one that can't be empty is missing.
void open_parts(Engine& engine);
/// What `format` says. Throws corrupt, unsupported.
std::string read_repository_id(const Engine& engine);

}  // namespace metamori
