#include "core/ordered_put.hpp"

#include <condition_variable>
#include <exception>
#include <mutex>
#include <utility>

namespace metamori {

void store_batch(ChunkSink& sink, const Fingerprints& prints, PutBatch& batch) {
  std::size_t offset = 0;
  for (PutPiece& piece : batch.pieces) {
    if (piece.known.is_zero()) {
      const ByteView bytes = ByteView(batch.bytes).subspan(offset, piece.length);
      piece.fingerprint = prints.of(bytes);
      piece.known = sink.put(bytes, Kind::data);
    }
    offset += piece.length;
  }
}

/// A batch and how far it is. Whoever claims it first stores it: a worker, or the owner that waits for it.
struct OrderedPut::Slot {
  enum class State { waiting, running, done };
  std::mutex mutex;
  std::condition_variable changed;
  State state = State::waiting;
  std::exception_ptr failure;
  std::unique_ptr<PutBatch> batch;

  void run_if_waiting(ChunkSink& sink, const Fingerprints& prints) {
    {
      const std::lock_guard lock(mutex);
      if (state != State::waiting) return;
      state = State::running;
    }
    std::exception_ptr caught;
    try {
      store_batch(sink, prints, *batch);
    } catch (...) {
      caught = std::current_exception();  // rethrown where the batch is joined
    }
    const std::lock_guard lock(mutex);
    failure = caught;
    state = State::done;
    changed.notify_all();
  }
  void wait_until_done() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [this] { return state == State::done; });
  }
  /// Makes sure that nobody touches the sink for this batch any more.
  void cancel() {
    std::unique_lock lock(mutex);
    if (state == State::waiting) state = State::done;
    changed.wait(lock, [this] { return state == State::done; });
  }
};

OrderedPut::OrderedPut(ChunkSink& sink, const Fingerprints& prints, WorkerPool& pool)
    : sink_(sink), prints_(prints), pool_(pool), limit_(2 * pool.worker_count()) {
  if (pool.worker_count() == 1) limit_ = 0;
}

OrderedPut::~OrderedPut() {
  for (const auto& slot : slots_) slot->cancel();
}

std::unique_ptr<PutBatch> OrderedPut::fresh() {
  auto batch = last_ ? std::move(last_) : std::make_unique<PutBatch>();
  batch->pieces.clear();
  batch->hole_before = 0;
  return batch;
}

void OrderedPut::start(std::unique_ptr<PutBatch> batch) {
  auto slot = std::make_shared<Slot>();
  slot->batch = std::move(batch);
  slots_.push_back(slot);
  if (limit_ > 0) pool_.submit([slot, &sink = sink_, &prints = prints_] { slot->run_if_waiting(sink, prints); });
}

PutBatch* OrderedPut::finish_oldest() {
  const auto slot = std::move(slots_.front());
  slots_.pop_front();
  slot->run_if_waiting(sink_, prints_);
  slot->wait_until_done();
  if (slot->failure) std::rethrow_exception(slot->failure);
  last_ = std::move(slot->batch);
  return last_.get();
}

}  // namespace metamori
