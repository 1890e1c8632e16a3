#pragma once

// `cache/forget`: the last forget, so that undo knows whether it came after the last restore, and a second undo can redo it. Derived: when
// it is lost, the tombstones still tell what was forgotten last.

#include <optional>
#include <vector>

#include "core/engine.hpp"

namespace metamori {

struct ForgetNote {
  bool is_undone = false;
  std::uint64_t highest = 0;           ///< the highest number then: a restore that has a higher one came later
  std::int64_t time_seconds = 0;       ///< of the tombstones
  std::vector<std::uint64_t> numbers;  ///< ascending
};
std::optional<ForgetNote> read_forget_note(Engine& engine);
/// A note that can't be written is no error.
void write_forget_note(Engine& engine, const ForgetNote& note);

}  // namespace metamori
