#include "core/replaced_content.hpp"

#include <unordered_set>

#include "core/node_walk.hpp"

namespace metamori {
namespace {

bool is_readable(ChunkSource& source, const ChunkId& id, Bytes& buffer) {
  try {
    source.read(id, buffer);
    return true;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::corrupt) throw;
    return false;
  }
}

class UnreadableNodes final : public NodeVisitor {
 public:
  explicit UnreadableNodes(ChunkSource& source) : source_(source) {}
  bool enter(const WalkNode& node) override {
    if (!seen_.insert(node.id).second) return false;
    if (is_readable(source_, node.id, buffer_)) return true;
    found_.push_back(node.id);
    return false;
  }
  void chunk(const ChunkId& id, bool is_content, std::uint32_t /*tag*/) override {
    if (is_content || !seen_.insert(id).second || is_readable(source_, id, buffer_)) return;
    found_.push_back(id);
  }
  std::uint32_t entry(const Entry& /*entry*/, std::uint32_t tag) override { return tag; }
  std::vector<ChunkId> take() { return std::move(found_); }

 private:
  ChunkSource& source_;
  std::unordered_set<ChunkId> seen_;
  std::vector<ChunkId> found_;
  Bytes buffer_;
};

/// Each maximal range of `before` that goes: all of it where there is nothing to write it over in place.
void for_each_replaced(ChunkSource& source, const StreamRef& before, const std::optional<Entry>& after,
                       const std::function<void(Range)>& visit) {
  if (!after) return visit({0, before.length});
  for_each_difference(source, before, after->content, visit);
}

}  // namespace

std::vector<ChunkId> find_unreadable_nodes(ChunkSource& source, const ChunkId& root) {
  UnreadableNodes visitor(source);
  walk_root(source, root, 0, visitor);
  return visitor.take();
}

void find_lost(ChunkSource& source, const ScanResult& scan, const Root& target, const Draft& draft,
               const std::function<bool(const ChunkId&)>& is_kept, const std::function<void(const std::string& path, const ChunkId&)>& lost,
               const TransferMeter& meter) {
  for (const auto& [path, item] : draft.items) {
    if (!item.stat || !item.is_tracked || item.kind == StepKind::metadata) continue;
    const auto before = find_path(source, scan.root_node, path);
    if (!before || before->type != EntryType::file || before->content_unknown) continue;
    const auto after = item.kind == StepKind::rewrite ? find_path(source, target, path) : std::nullopt;
    ExtentCursor cursor(source, before->content);
    for_each_replaced(source, before->content, after, [&, &path = path](Range range) {
      for (cursor.seek(range.offset); !cursor.at_end(); cursor.next()) {
        const Extent* const extent = cursor.current();
        if (extent == nullptr || cursor.offset() >= range.offset + range.length) break;
        meter.check_stop();
        if (!extent->is_hole() && !is_kept(extent->id)) lost(path, extent->id);
      }
    });
  }
}

}  // namespace metamori
