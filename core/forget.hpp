#pragma once

// Forgetting, taking that back, and pins. docs/keeping.md.

#include "core/engine.hpp"

namespace metamori {

/// As the members of Repository of the same names.
ForgetReport forget(Engine& engine, const ForgetOptions& options);
bool forget_is_last(Engine& engine);
ForgetReport undo_forget(Engine& engine, bool dry_run, const Control& control);
void pin(Engine& engine, std::string_view revision);
void unpin(Engine& engine, std::string_view revision);
std::vector<CheckpointInfo> list_pins(Engine& engine);

/// The tombstone of a checkpoint, whose content is held until gc.
Record tombstone_of(const Record& checkpoint, std::int64_t time_seconds);
/// Puts tombstones in the place of checkpoints, all made at one time; their tags stay. Returns that time.
std::int64_t bury(Engine& engine, const std::vector<Position>& checkpoints);
/// The safety checkpoints that are to go by themselves.
std::vector<Position> expired_safety(Engine& engine);

}  // namespace metamori
