#include "core/ordered_put.hpp"

#include <utility>

#include "base/digest.hpp"
#include "core/shared_task.hpp"

namespace metamori {

void store_batch(ChunkSink& sink, const Fingerprints& prints, PutBatch& batch) {
  std::vector<PutPiece*> unknown;
  std::vector<ByteView> views;
  for (PutPiece& piece : batch.pieces) {
    if (!piece.known.is_zero()) continue;
    unknown.push_back(&piece);
    views.push_back(ByteView(batch.bytes).subspan(piece.at, piece.length));
  }
  std::vector<ChunkId> ids(views.size());
  sha256_each(views, ids);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    PutPiece& piece = *unknown[i];
    if (piece.fingerprint == Fingerprint{}) piece.fingerprint = prints.of(views[i]);
    sink.put_known(ids[i], views[i], Kind::data, piece.like);
    piece.known = ids[i];
  }
}

struct OrderedPut::Slot {
  Slot(ChunkSink& sink, const Fingerprints& prints, std::unique_ptr<PutBatch> the_batch)
      : batch(std::move(the_batch)), task([&sink, &prints, this] { store_batch(sink, prints, *batch); }) {}
  std::unique_ptr<PutBatch> batch;
  SharedTask task;
};

OrderedPut::OrderedPut(ChunkSink& sink, const Fingerprints& prints, WorkerPool& pool)
    : sink_(sink), prints_(prints), pool_(pool), limit_(2 * pool.worker_count()) {
  if (pool.worker_count() == 1) limit_ = 0;
}

OrderedPut::~OrderedPut() {
  for (const auto& slot : slots_) slot->task.cancel();  // the pool may hold them longer than the sink lives
}

std::unique_ptr<PutBatch> OrderedPut::fresh() {
  auto batch = last_ ? std::move(last_) : std::make_unique<PutBatch>();
  batch->pieces.clear();
  batch->hole_before = 0;
  return batch;
}

void OrderedPut::start(std::unique_ptr<PutBatch> batch) {
  auto slot = std::make_shared<Slot>(sink_, prints_, std::move(batch));
  slots_.push_back(slot);
  if (limit_ > 0) pool_.submit([slot] { slot->task.run_if_waiting(); });
}

PutBatch* OrderedPut::finish_oldest() {
  finish_first(slots_, [](const auto& slot) -> SharedTask& { return slot->task; });
  const auto slot = std::move(slots_.front());
  slots_.pop_front();
  last_ = std::move(slot->batch);
  return last_.get();
}

}  // namespace metamori
