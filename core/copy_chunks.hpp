#pragma once

// Chunks on their way from one repository to another: frames as they are where that is possible, each chunk compared with its id.

#include <atomic>
#include <list>
#include <mutex>
#include <unordered_map>
#include <unordered_set>

#include "base/worker_pool.hpp"
#include "core/engine.hpp"
#include "core/transfer_meter.hpp"

namespace metamori {

/// Reads chunks that others rest on: what was decoded last is kept, so that a file's versions, each a difference to the one before, are
/// decoded once each. Thread-safe.
class BaseCache {
 public:
  explicit BaseCache(ChunkStore& source) : source_(source) {}
  /// The bytes of a chunk, unverified (a wrong base makes a wrong chunk), from a copy of at most `max_depth`. Throws corrupt.
  void read(const ChunkId& id, std::uint16_t max_depth, Bytes& out);
  void add(const ChunkId& id, Bytes raw);

 private:
  struct Kept {
    ChunkId id;
    std::shared_ptr<const Bytes> raw;
  };
  std::shared_ptr<const Bytes> find(const ChunkId& id);

  ChunkStore& source_;
  std::mutex mutex_;
  std::list<Kept> kept_;  ///< most recently used first
  std::unordered_map<ChunkId, std::list<Kept>::iterator> places_;
  std::size_t held_bytes_ = 0;
};

/// Carries what is wanted and not there into a session, in batches. Used by one thread; works on several.
class ChunkCarrier {
 public:
  ChunkCarrier(ChunkStore& source, ChunkSession& target, WorkerPool& pool, TransferMeter& meter)
      : source_(source), target_(target), pool_(pool), meter_(meter), bases_(source) {}
  /// Carries a batch now and then; throws as carry().
  void want(const ChunkId& id);
  /// What was wanted is wanted no longer.
  void drop() noexcept { wanted_.clear(); }
  /// Everything that was wanted is in the session when it returns. Throws corrupt if the source can't give it.
  void carry();
  /// About what was added to the session.
  [[nodiscard]] std::uint64_t bytes_carried() const noexcept { return bytes_carried_; }
  [[nodiscard]] std::uint64_t chunks() const noexcept { return chunks_; }

 private:
  struct Piece {
    ChunkId id;
    ChunkLocation where;
  };
  void carry_depth(std::span<const Piece> pieces);
  void carry_frames(std::span<const Piece> pieces);
  void carry_frame(std::span<const Piece> pieces);
  void carry_group(ByteView frame, const FrameHeader& header, std::span<const Piece> pieces);
  void carry_alone(ByteView frame, const FrameHeader& header, const Piece& piece);
  void carry_again(std::span<const Piece> pieces);
  BaseList likely_bases(ByteView frame, const Piece& piece);

  ChunkStore& source_;
  ChunkSession& target_;
  WorkerPool& pool_;
  TransferMeter& meter_;
  BaseCache bases_;
  std::unordered_set<ChunkId> wanted_;
  std::atomic<std::uint64_t> bytes_carried_{0}, chunks_{0};
};

}  // namespace metamori
