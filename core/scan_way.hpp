#pragma once

// From the top of the tree to a path.

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/scan_walk.hpp"

namespace metamori {

/// Opens the directory that holds `path`, component by component, never through a link. Nothing if it does not exist.
std::optional<Fd> open_parent(Engine& engine, std::string_view path);

/// The directories above some paths, without what is in them, by path.
using WayEntries = std::map<std::string, Entry>;
/// Adds those above `path`, as far as they exist.
void look_at_way(WalkContext& context, const std::string& path, WayEntries& way);
/// One of them, for graft(). Throws io if there was none when they were looked at.
Entry get_on_the_way(const WayEntries& way, const std::string& path);

}  // namespace metamori
