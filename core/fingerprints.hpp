#pragma once

// The second tier of change detection: of each file in several chunks, a keyed 128-bit fingerprint of every data chunk, so that a changed
// file is compared with what it was at memory speed, and only what differs is cut and hashed. Kept in `cache/fingerprints`, a block file
// (core/block_file.hpp): for each stream, found by its top chunk's id, the id and the fingerprints of its data extents in order. The secret
// stands in the file's header and is random, so that no file's content can be made to collide by somebody who cannot read the repository.

#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <unordered_set>
#include <vector>

#include "base/digest.hpp"
#include "core/block_file.hpp"
#include "objects/stream.hpp"

namespace metamori {

/// Thread-safe.
class Fingerprints {
 public:
  explicit Fingerprints(Engine& engine);
  ~Fingerprints();
  /// Of the data extents of `stream`, in order; empty if they are not known.
  [[nodiscard]] std::span<const Fingerprint> find(const StreamRef& stream) const;
  [[nodiscard]] Fingerprint of(ByteView bytes) const noexcept { return fingerprint(bytes, secret_); }
  /// Keeps those of `stream`. `replaced` is what the file was before: its fingerprints are not kept any longer.
  void keep(const StreamRef& stream, std::span<const Fingerprint> fingerprints, const StreamRef& replaced);
  /// Puts the new file in place, if anything is new. Never throws for a cache that can't be written.
  void save();
  /// Puts in place those of streams that are still there, after gc made them ones that are not believed.
  void carry_over(const std::function<bool(const ChunkId& id)>& is_there);

 private:
  Engine& engine_;
  std::shared_ptr<const BlockFile> file_;
  FingerprintSecret secret_{};
  std::mutex mutex_;
  std::unique_ptr<BlockFileWriter> writer_;  ///< from the first new stream on
  std::unordered_set<ChunkId> replaced_;
  std::unordered_set<ChunkId> written_;
  std::uint64_t written_bytes_ = 0;
};

}  // namespace metamori
