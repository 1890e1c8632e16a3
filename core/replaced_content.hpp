#pragma once

// What a restore in place does away with can be brought back from the safety checkpoint only if what that takes from older packs is whole
// there. So all of it is looked at before anything is published or touched.

#include <functional>
#include <vector>

#include "core/restore_draft.hpp"
#include "core/restore_meter.hpp"

namespace metamori {

/// Chunks that hold a root's listings, and the lists of chunks and attributes in them, and can't be read.
std::vector<ChunkId> find_unreadable_nodes(ChunkSource& source, const ChunkId& root);

/// Looks at what goes of files' contents, as `scan` found them, when `draft` is carried out: all of a file that is removed or made anew, of
/// one that is written in place the ranges that differ in `target`. Calls `lost(path, chunk)` for each chunk of which `is_kept` is false.
/// `meter` is asked whether to stop. Throws corrupt where lists of chunks can't be read.
void find_lost(ChunkSource& source, const ScanResult& scan, const Root& target, const Draft& draft,
               const std::function<bool(const ChunkId&)>& is_kept, const std::function<void(const std::string& path, const ChunkId&)>& lost,
               const TransferMeter& meter);

}  // namespace metamori
