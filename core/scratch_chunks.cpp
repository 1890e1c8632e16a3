#include <mutex>
#include <unordered_map>

#include "core/scan.hpp"

namespace metamori {

struct ScratchChunks::Impl {
  Impl(ChunkStore& the_store, ScratchKeeps the_keeps) : store(the_store), keeps(the_keeps) {}
  ChunkStore& store;
  const ScratchKeeps keeps;
  std::mutex mutex;
  std::unordered_map<ChunkId, Bytes> chunks;
};

ScratchChunks::ScratchChunks(ChunkStore& store, ScratchKeeps keeps) : impl_(std::make_unique<Impl>(store, keeps)) {}
ScratchChunks::~ScratchChunks() = default;

void ScratchChunks::put_known(const ChunkId& id, ByteView raw, Kind kind, const BaseList& /*like*/) {
  if (kind == Kind::data || (impl_->keeps == ScratchKeeps::what_is_new && impl_->store.find_length(id))) return;
  const std::lock_guard lock(impl_->mutex);
  impl_->chunks.try_emplace(id, raw.begin(), raw.end());
}

void ScratchChunks::read(const ChunkId& id, Bytes& out) {
  {
    const std::lock_guard lock(impl_->mutex);
    const auto found = impl_->chunks.find(id);
    if (found != impl_->chunks.end()) {
      out = found->second;
      return;
    }
  }
  impl_->store.read(id, out);
}

}  // namespace metamori
