#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/node_walk.hpp"
#include "core/verify_run.hpp"

namespace metamori {

/// Walks everything that checkpoints lead to. What was found sound below a chunk is not walked again, so that the next checkpoint costs
/// what it changed; damaged parts are, so that each checkpoint that has them is known. What directories say of the names below them is
/// summed up and compared. No recursion: the depth of a tree is input.
class ClosureWalk {
 public:
  explicit ClosureWalk(VerifyRun& run) : run_(run) {}
  /// Everything below a root, for checkpoint `number`. Returns what that is if it is sound.
  std::optional<BelowTotals> check_root(std::uint64_t number, const ChunkId& root);
  /// A stream of the record itself; returns whether it is sound. `what` names it.
  bool check_stream(std::uint64_t number, const StreamRef& ref, const std::string& what);

 private:
  /// A chunk with others below it, and all that it is known to be.
  struct Node {
    NodeKind kind = NodeKind::root;
    std::uint8_t level = 0;
    bool is_top = true;
    ChunkId id;
    std::uint64_t span = 0;  ///< entries or bytes
    std::string first_name, bound;
    std::string path;
    std::optional<BelowTotals> told;  ///< of a whole listing: what its directory says is below it
  };
  struct Step {
    Node node;
    std::vector<Node> children;
    std::size_t next = 0;
    bool is_sound = true;
    BelowTotals below;  ///< of a listing or a part of one
  };
  struct Key {
    ChunkId id;
    std::uint64_t span = 0;
    NodeKind kind = NodeKind::root;
    std::uint8_t level = 0;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const noexcept {
      return std::hash<ChunkId>()(key.id) ^ (key.span << 8) ^ (static_cast<std::size_t>(key.kind) << 4) ^ key.level;
    }
  };
  static Key key_of(const Node& node) { return {node.id, node.span, node.kind, node.level}; }

  bool walk(Node top);
  void open(Step& step);
  void open_root(Step& step);
  void open_leaf(Step& step);
  void open_node(Step& step);
  void open_list(Step& step);
  void add_listing(Step& step, const Entry& directory, const std::string& path);
  /// What is below `part`, a sound child of the step.
  void add_below(Step& step, const Node& part, const BelowTotals& found);
  void add_stream(Step& step, const StreamRef& ref, const std::string& path);
  /// Whether a chunk that holds no ids is there and as long as said.
  bool check_data(const ChunkId& id, std::uint64_t length, const std::string& path);
  bool is_bad(const ChunkId& id, const std::string& path);
  void note_bad(const ChunkId& id, const std::string& message, const std::string& path);

  VerifyRun& run_;
  std::uint64_t number_ = 0;
  std::unordered_map<Key, BelowTotals, KeyHash> sound_;
};

}  // namespace metamori
