#pragma once

// Storing the chunks of one large file on several threads, in order.

#include <deque>
#include <memory>
#include <vector>

#include "base/worker_pool.hpp"
#include "objects/stream.hpp"

namespace metamori {

/// Bytes read from a file and where they are cut. `cuts` are the lengths of the chunks, one after another from the start of `bytes`.
struct PutBatch {
  Bytes bytes;
  std::vector<std::uint32_t> cuts;
  std::vector<Extent> extents;  ///< filled in when it was stored
  std::uint64_t file_offset = 0;
  std::uint64_t hole_before = 0;  ///< bytes of hole before these
  std::uint64_t fingerprint = 0;  ///< XXH3 of the bytes that were cut, filled in when it was stored
  [[nodiscard]] std::uint64_t cut_bytes() const noexcept;
};

/// Hashes and stores the chunks of `batch`.
void store_batch(ChunkSink& sink, PutBatch& batch);

/// Keeps a bounded number of batches in flight on the pool; hands them back, stored, in the order they came. Used by one thread, which
/// works along when it must wait, so that it never waits for a task that waits for it.
class OrderedPut {
 public:
  OrderedPut(ChunkSink& sink, WorkerPool& pool);
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
  WorkerPool& pool_;
  std::size_t limit_;
  std::deque<std::shared_ptr<Slot>> slots_;
  std::unique_ptr<PutBatch> last_;
};

}  // namespace metamori
