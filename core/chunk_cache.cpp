#include "core/chunk_cache.hpp"

namespace metamori {

void ChunkCache::read(const ChunkId& id, Bytes& out) {
  if (const auto found = places_.find(id); found != places_.end()) {
    kept_.splice(kept_.begin(), kept_, found->second);
    out = found->second->bytes;
    return;
  }
  source_.read(id, out);
  if (out.size() > limit_bytes_) return;
  kept_.push_front({id, out});
  places_.emplace(id, kept_.begin());
  held_bytes_ += out.size();
  while (held_bytes_ > limit_bytes_) {
    held_bytes_ -= kept_.back().bytes.size();
    places_.erase(kept_.back().id);
    kept_.pop_back();
  }
}

}  // namespace metamori
