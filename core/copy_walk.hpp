#pragma once

// What a checkpoint needs that another, whose content is there already, does not have: both trees at once, from the roots down.

#include <functional>
#include <memory>
#include <unordered_set>
#include <vector>

#include "core/node_walk.hpp"

namespace metamori {

/// Goes down where two trees differ and reads what differs alone. Whatever the older one holds is taken to be there, with all below it: a
/// node's own presence would not tell that, as gc may leave nodes of which what is below has gone.
class CopyWalk {
 public:
  /// `source` reads the new tree, `there` the older one. Both must outlive the walk.
  CopyWalk(ChunkSource& source, ChunkSource& there) : source_(source), there_(there) {}
  /// Told of each chunk that is met: nodes, and chunks of data. One may come several times.
  std::function<void(const ChunkId&)> want;
  /// Called now and then; may throw.
  std::function<void()> check_stop;

  /// Everything below `root`; `base` (may be null) is the root of a tree that is there. Throws corrupt.
  void walk_root(const ChunkId& root, const ChunkId* base);
  /// A stream that is no file's content.
  void walk_stream(const StreamRef& stream);
  /// What was walked before is not taken to be there any more.
  void forget_walked() { walked_.clear(); }

 private:
  /// What stands in the older tree where a listing or a list of the new one does.
  struct Base {
    StreamRef ref;                      ///< length 0: nothing
    std::unordered_set<ChunkId> nodes;  ///< all of it, marked with what they are
    bool is_read = false;
  };
  struct Step {
    WalkNode node;
    std::shared_ptr<Base> base;
  };
  void add_top(NodeKind kind, const StreamRef& ref, const StreamRef& base);
  void add_entry(const Entry& entry, const Entry* base);
  void add_stream(const StreamRef& stream, const StreamRef& base);
  void run();
  void open(const Step& step);
  void open_leaf(const Step& step);
  void read_base(NodeKind kind, Base& base);

  ChunkSource& source_;
  ChunkSource& there_;
  std::vector<Step> open_;
  std::unordered_set<ChunkId> walked_;  ///< nodes, marked with what they were met as
  Bytes chunk_, base_chunk_;
};

}  // namespace metamori
