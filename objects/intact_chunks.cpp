#include "objects/intact_chunks.hpp"

#include <algorithm>

#include "objects/delta_chain.hpp"
#include "objects/frame_layout.hpp"

namespace metamori {
bool IntactChunks::has_intact_bases(ByteView frame, std::uint16_t depth, const std::string& path, unsigned budget) {
  const std::vector<ChunkId> bases = frame_bases(frame, path).ids;
  return std::all_of(bases.begin(), bases.end(), [&](const ChunkId& id) {
    const auto base = find_base(index_, id, depth);
    return base && is_intact(*base, budget - 1);
  });
}

bool IntactChunks::is_intact(const ChunkLocation& copy, unsigned budget) {
  const std::pair key{copy.pack->name(), copy.offset};
  if (intact_.contains(key)) return true;
  if (budget == 0) return false;
  const std::string& path = copy.pack->path();
  try {
    const ByteView frame = copy.pack->frame(copy.offset);
    const FrameHeader header = check_frame(frame, path);
    if (header.depth > 0 && !has_intact_bases(frame, header.depth, path, budget)) return false;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::corrupt) throw;
    return false;
  }
  intact_.insert(key);
  return true;
}

bool IntactChunks::holds(const ChunkId& id) {
  const auto copy = index_.find(id, true);
  if (!copy) return false;
  if (is_intact(*copy, kFramesMax)) return true;
  const std::vector<ChunkLocation> all = index_.find_all(id);
  return std::any_of(all.begin(), all.end(), [&](const ChunkLocation& other) { return is_intact(other, kFramesMax); });
}

}  // namespace metamori
