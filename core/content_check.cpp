#include "core/content_check.hpp"

#include "core/node_walk.hpp"

namespace metamori {

/// Everything that is met is looked for.
class ContentCheck::Visitor final : public NodeVisitor {
 public:
  explicit Visitor(ContentCheck& check) : check_(check) {}
  bool enter(const WalkNode& node) override {
    check_.look_for(node.id);
    // The same bytes may stand for several kinds of node; one that was met as another is walked again.
    ChunkId key = node.id;
    key.bytes[0] ^= static_cast<std::byte>((static_cast<unsigned>(node.kind) << 4U) | node.level);
    return check_.nodes_.insert(key).second;
  }
  void chunk(const ChunkId& id, bool /*is_content*/, std::uint32_t /*tag*/) override { check_.look_for(id); }
  std::uint32_t entry(const Entry& /*entry*/, std::uint32_t tag) override { return tag; }

 private:
  ContentCheck& check_;
};

void ContentCheck::look_for(const ChunkId& wanted) {
  std::vector<ChunkId> open{wanted};
  while (!open.empty()) {
    const ChunkId id = open.back();
    open.pop_back();
    if (!found_.insert(id).second) continue;
    const auto where = engine_.store->index().find(id, true);
    if (!where) throw Error(ErrorKind::corrupt, "chunk " + to_hex(id) + " is missing: no pack holds it");
    bring_back(*where->pack);
    if (where->depth == 0) continue;
    const std::vector<ChunkId> bases = frame_bases(where->pack->frame(where->offset), where->pack->path()).ids;
    open.insert(open.end(), bases.begin(), bases.end());
  }
}

void ContentCheck::bring_back(const PackReader& pack) {
  if (engine_.store->index().still_present(pack.name())) return;
  if (!engine_.dirs.trash.is_open()) throw Error(ErrorKind::corrupt, quoted(pack.path()) + " was removed");
  const std::string name = pack_file_name(pack.name());
  const int error = retry_interrupted([&] {
    return engine_.system.rename(engine_.dirs.trash.get(), name.c_str(), engine_.dirs.packs.get(), name.c_str(), RenameMode::replace);
  });
  if (error < 0) throw Error(ErrorKind::corrupt, quoted(pack.path()) + " was removed");
  sync_file(engine_.system, engine_.dirs.packs.get(), "packs");
  engine_.store->index().packs();  // it is to be found from now on
}

void settle_published(Engine& engine, ChunkSession& session, const Record& record, std::uint64_t generation) {
  if (session.packs_still_present() && engine.log->gc_generation() == generation) return;
  const auto missing = ContentCheck(engine).find_missing(record);
  if (!missing) return;
  Record tombstone = record;
  tombstone.kind = RecordKind::tombstone;
  tombstone.tomb_reason = TombReason::withdrawn;
  tombstone.content_held = false;
  tombstone.tomb_time = engine.system.now().seconds;
  if (record.kind == RecordKind::safety) {
    tombstone.line.clear();
    tombstone.head_after = {record.number, record.id()};
  }
  engine.log->replace(tombstone);
  throw Error(
      ErrorKind::io,
      "chunks that checkpoint " + std::to_string(record.number) + " needs were removed while it was made; it was withdrawn: " + *missing,
      "run it again; don't run gc with --now beside writers");
}

std::optional<std::string> ContentCheck::find_missing(const Record& record) {
  try {
    const CheckpointRecord content = decode_checkpoint_record(record.blob, "checkpoints/" + std::to_string(record.number));
    Visitor visitor(*this);
    walk_root(*engine_.store, content.root, 0, visitor);
    for (const StreamRef* ref : {&content.rules, &content.verdicts, &content.scope, &record.touched})
      walk_stream(*engine_.store, *ref, 0, visitor);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::corrupt) throw;
    return error.what();
  }
  return std::nullopt;
}

}  // namespace metamori
