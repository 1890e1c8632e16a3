#pragma once

// Storing the chunks of one large file on several threads, in order.

#include <deque>
#include <memory>
#include <vector>

#include "base/worker_pool.hpp"
#include "core/fingerprints.hpp"
#include "objects/stream.hpp"

namespace metamori {

/// A stretch of a file that becomes one chunk.
struct PutPiece {
  std::uint32_t length = 0;
  std::uint32_t at = 0;     ///< of one that is not known: where its bytes begin in the batch
  ChunkId known;            ///< zero: to be hashed and stored
  Fingerprint fingerprint;  ///< of one that is not known filled in when it is stored, if it is zero
  BaseList like;            ///< of one that is not known: what the file held there before
};

/// Pieces that follow each other in a file, and the bytes of those that are not known.
struct PutBatch {
  Bytes bytes;
  std::vector<PutPiece> pieces;
  std::uint64_t hole_before = 0;  ///< bytes of hole before these
};

/// Hashes and stores the pieces of `batch` that are not known. `prints` tells their fingerprints.
void store_batch(ChunkSink& sink, const Fingerprints& prints, PutBatch& batch);

/// Keeps a bounded number of batches in flight on the pool; hands them back, stored, in the order they came. Used by one thread, which
/// works along when it must wait, so that it never waits for a task that waits for it.
class OrderedPut {
 public:
  OrderedPut(ChunkSink& sink, const Fingerprints& prints, WorkerPool& pool);
  ~OrderedPut();
  OrderedPut(const OrderedPut&) = delete;
  OrderedPut& operator=(const OrderedPut&) = delete;
  /// Takes a batch whose `bytes` can be filled (memory is used again).
  std::unique_ptr<PutBatch> fresh();
  /// Starts storing `batch`. When too many are in flight the oldest is finished first and given to `take`.
  template <class Take>
  void add(std::unique_ptr<PutBatch> batch, Take take) {
    start(std::move(batch));
    while (in_flight() > limit_) take(*finish_oldest());
  }
  /// Finishes all that are in flight, in order.
  template <class Take>
  void drain(Take take) {
    while (in_flight() > 0) take(*finish_oldest());
  }

 private:
  struct Slot;
  void start(std::unique_ptr<PutBatch> batch);
  /// Valid until the next call.
  PutBatch* finish_oldest();
  [[nodiscard]] std::size_t in_flight() const noexcept { return slots_.size(); }

  ChunkSink& sink_;
  const Fingerprints& prints_;
  WorkerPool& pool_;
  std::size_t limit_;
  std::deque<std::shared_ptr<Slot>> slots_;
  std::unique_ptr<PutBatch> last_;
};

}  // namespace metamori
