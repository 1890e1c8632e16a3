#pragma once

// Which packs gc rewrites and what it writes of them: a pure function of the table and the marks. docs/keeping.md, *Repack*.

#include "core/gc_mark.hpp"

namespace metamori {

struct GcPlan {
  std::vector<std::uint32_t> victims;  ///< packs that go, those that cost least for what they give first
  std::vector<bool> is_victim;         ///< by pack
  std::vector<bool> is_needed;         ///< by chunk: live, or held on to because a copy that stays rests on it
  std::vector<bool> is_read;           ///< by pack: read to write anew what is needed
  std::vector<bool> is_broken;         ///< by chunk: live, in a victim, and a chunk that it rests on goes: to be encoded anew
  bool is_limited = false;             ///< there would be more to do than may be copied
  std::uint64_t bytes_to_copy = 0;     ///< about
  std::uint64_t bytes_to_free = 0;     ///< about, after what is copied
};

struct GcPlanLimits {
  std::uint64_t dead_part = 4;                 ///< a pack is rewritten if at least one part of so many is dead
  std::size_t packs_per_size = 8;              ///< so many packs of about one size stay; more are put together
  std::uint64_t small_bytes = 256ULL << 20;    ///< packs from here on are large enough
  std::optional<std::uint64_t> bytes_to_copy;  ///< at most
};

GcPlan plan_gc(const GcTable& table, const GcMark& mark, const GcPlanLimits& limits);

}  // namespace metamori
