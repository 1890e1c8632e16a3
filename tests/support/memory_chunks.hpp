#pragma once

// Chunks kept in memory, for tests of what is made of chunks.

#include <unordered_map>

#include "base/digest.hpp"
#include "metamori/error.hpp"
#include "objects/chunk_store.hpp"

namespace metamori::test {

/// Counts what is read and what is stored for the first time. Not thread-safe.
class MemoryChunks final : public ChunkSource, public ChunkSink {
 public:
  void read(const ChunkId& id, Bytes& out) override {
    ++read_count;
    const auto found = chunks_.find(id);
    if (found == chunks_.end()) throw Error(ErrorKind::corrupt, "chunk " + to_hex(id) + " is missing");
    out = found->second;
  }
  void put_known(const ChunkId& id, ByteView raw, Kind, const BaseList&) override {
    if (chunks_.try_emplace(id, raw.begin(), raw.end()).second) ++new_count;
  }
  [[nodiscard]] const std::unordered_map<ChunkId, Bytes>& all() const noexcept { return chunks_; }

  std::size_t read_count = 0;
  std::size_t new_count = 0;

 private:
  std::unordered_map<ChunkId, Bytes> chunks_;
};

}  // namespace metamori::test
