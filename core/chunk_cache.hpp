#pragma once

#include <list>
#include <unordered_map>

#include "objects/chunk_store.hpp"

namespace metamori {

/// Keeps what was read last, for walks that come to the same nodes again and again. For one thread.
class ChunkCache final : public ChunkSource {
 public:
  ChunkCache(ChunkSource& source, std::size_t limit_bytes) : source_(source), limit_bytes_(limit_bytes) {}
  void read(const ChunkId& id, Bytes& out) override;

 private:
  struct Kept {
    ChunkId id;
    Bytes bytes;
  };
  ChunkSource& source_;
  std::size_t limit_bytes_;
  std::size_t held_bytes_ = 0;
  std::list<Kept> kept_;  ///< most recently used first
  std::unordered_map<ChunkId, std::list<Kept>::iterator> places_;
};

}  // namespace metamori
