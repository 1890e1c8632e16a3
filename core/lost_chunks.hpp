#pragma once

// `lost`: chunks that checkpoints need and that repair found nowhere. They stop gc no longer: what only they lead to can't be reached by
// anybody. Text: a line `metamori-lost 1`, the ids one a line, ascending, and the SHA-256 over all lines before.

#include <optional>
#include <set>
#include <string_view>

#include "core/engine.hpp"

namespace metamori {

/// Throws corrupt if the file is damaged.
std::set<ChunkId> read_lost_chunks(Engine& engine);
/// Durable on return. Nothing is written for none, if there is no such file.
void write_lost_chunks(Engine& engine, const std::set<ChunkId>& chunks);
std::string lost_text(const std::set<ChunkId>& chunks);
/// Nothing if the text is damaged.
std::optional<std::set<ChunkId>> parse_lost(std::string_view text);

}  // namespace metamori
