#include "core/ordered_put.hpp"

#include <condition_variable>
#include <exception>
#include <mutex>
#include <utility>

#include "base/digest.hpp"

namespace metamori {

std::uint64_t PutBatch::cut_bytes() const noexcept {
  std::uint64_t sum = 0;
  for (const std::uint32_t cut : cuts) sum += cut;
  return sum;
}

void store_batch(ChunkSink& sink, PutBatch& batch) {
  batch.extents.clear();
  std::size_t offset = 0;
  for (const std::uint32_t cut : batch.cuts) {
    batch.extents.push_back({sink.put(ByteView(batch.bytes).subspan(offset, cut), Kind::data), cut});
    offset += cut;
  }
  batch.fingerprint = xxh3_64(ByteView(batch.bytes).first(offset));
}

/// A batch and how far it is. Whoever claims it first stores it: a worker, or the owner that waits for it.
struct OrderedPut::Slot {
  enum class State { waiting, running, done };
  std::mutex mutex;
  std::condition_variable changed;
  State state = State::waiting;
  std::exception_ptr failure;
  std::unique_ptr<PutBatch> batch;

  void run_if_waiting(ChunkSink& sink) {
    {
      const std::lock_guard lock(mutex);
      if (state != State::waiting) return;
      state = State::running;
    }
    std::exception_ptr caught;
    try {
      store_batch(sink, *batch);
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

OrderedPut::OrderedPut(ChunkSink& sink, WorkerPool& pool) : sink_(sink), pool_(pool), limit_(2 * pool.worker_count()) {
  if (pool.worker_count() == 1) limit_ = 0;
}

OrderedPut::~OrderedPut() {
  for (const auto& slot : slots_) slot->cancel();
}

std::unique_ptr<PutBatch> OrderedPut::fresh() {
  auto batch = last_ ? std::move(last_) : std::make_unique<PutBatch>();
  batch->cuts.clear();
  batch->hole_before = 0;
  return batch;
}

void OrderedPut::start(std::unique_ptr<PutBatch> batch) {
  auto slot = std::make_shared<Slot>();
  slot->batch = std::move(batch);
  slots_.push_back(slot);
  if (limit_ > 0) pool_.submit([slot, &sink = sink_] { slot->run_if_waiting(sink); });
}

PutBatch* OrderedPut::finish_oldest() {
  const auto slot = std::move(slots_.front());
  slots_.pop_front();
  slot->run_if_waiting(sink_);
  slot->wait_until_done();
  if (slot->failure) std::rethrow_exception(slot->failure);
  last_ = std::move(slot->batch);
  return last_.get();
}

}  // namespace metamori
