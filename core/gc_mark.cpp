#include "core/gc_mark.hpp"

#include "core/node_walk.hpp"

namespace metamori {

namespace {

std::uint64_t node_key(std::uint32_t chunk, NodeKind kind, std::uint8_t level) noexcept {
  return std::uint64_t{chunk} << 8U | std::uint64_t{static_cast<std::uint8_t>(kind)} << 4U | level;
}

}  // namespace

class GcMark::Visitor final : public NodeVisitor {
 public:
  Visitor(GcMark& mark, const LookMeter& meter) : mark_(mark), meter_(meter) {}
  bool enter(const WalkNode& node) override {
    meter_.check_stop();
    const std::uint32_t chunk = mark_.mark(node.id);
    return chunk != GcTable::kNone && mark_.nodes_.insert(node_key(chunk, node.kind, node.level)).second;
  }
  void chunk(const ChunkId& id, bool /*is_content*/, std::uint32_t /*tag*/) override { mark_.mark(id); }
  std::uint32_t entry(const Entry& /*entry*/, std::uint32_t tag) override { return tag; }

 private:
  GcMark& mark_;
  const LookMeter& meter_;
};

std::uint32_t GcMark::mark(const ChunkId& id) {
  const std::uint32_t chunk = table_.find(id);
  if (chunk == GcTable::kNone) {
    if (lost_.contains(id)) return chunk;
    throw Error(ErrorKind::corrupt, "chunk " + to_hex(id) + " is missing: no pack holds it",
                "'metamori verify' tells what is affected, 'metamori repair' mends what can be mended, and lets gc go on");
  }
  live_[chunk] = true;
  return chunk;
}

bool GcMark::is_live_listing(const StreamRef& listing) const {
  const std::uint32_t chunk = table_.find(listing.id);
  return chunk != GcTable::kNone && nodes_.contains(node_key(chunk, NodeKind::listing, listing.level));
}

void GcMark::add(Engine& engine, const Record& record, const LookMeter& meter) {
  const CheckpointRecord content = decode_checkpoint_record(record.blob, "checkpoints/" + std::to_string(record.number));
  Visitor visitor(*this, meter);
  walk_root(*engine.store, content.root, 0, visitor);
  for (const StreamRef* ref : {&content.rules, &content.verdicts, &content.scope, &record.touched})
    walk_stream(*engine.store, *ref, 0, visitor);
}

}  // namespace metamori
