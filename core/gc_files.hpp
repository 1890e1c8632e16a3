#pragma once

// What gc does with files that are no packs being rewritten: the generation, the trash, temporaries, and its note in the cache.

#include "core/engine.hpp"

namespace metamori {

/// Raises the gc generation, durably. Returns the new one.
std::uint64_t raise_generation(Engine& engine);
/// Renames packs to `trash/`, durably.
void move_to_trash(Engine& engine, const std::vector<PackName>& packs);
/// And back.
void bring_back_from_trash(Engine& engine, const std::vector<PackName>& packs);
/// Deletes what is in `trash/`: at once, or what came there more than a day ago. Returns the bytes that are left.
std::uint64_t empty_trash(Engine& engine, bool at_once);
/// Removes what dead writers left in `tmp/`: packs and records, if nobody who writes such runs (`exclusive`), and whatever is old. Returns
/// how many.
std::uint64_t clean_temporaries(Engine& engine, bool exclusive);
/// What of the cache stays where it has to make room: the notes of the last gc and the last forget are small, and of use to who comes next.
enum class Notes { stay, go };
/// Deletes the files of the cache.
void empty_cache(Engine& engine, Notes notes);
/// RecordLog::replace_each; on a full disk with the room that the cache gives, and one by one, so that each makes room for the next.
void replace_in_little_room(Engine& engine, const std::vector<Record>& records, Notes notes);
/// Whether the directory is on a file system of this machine, where locks are known to hold.
bool is_on_local_disk(Engine& engine, const Fd& directory);

/// How things were after the last run: what --auto goes by. Derived; without it the next run is worth while.
struct GcNote {
  std::uint64_t tombstones = 0;
  std::uint64_t packs = 0;
};
GcNote read_gc_note(Engine& engine);
void write_gc_note(Engine& engine, const GcNote& note);

}  // namespace metamori
