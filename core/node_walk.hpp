#pragma once

// The walk over the chunks that a root or a stream leads to, reading those that hold ids of others and no data.

#include <string>

#include "objects/directory.hpp"
#include "objects/stream.hpp"

namespace metamori {

enum class NodeKind : std::uint8_t { root, listing, list };

/// A chunk with others below it, and all that it is known to be.
struct WalkNode {
  NodeKind kind = NodeKind::root;
  std::uint8_t level = 0;
  bool is_top = true;
  bool is_content = false;  ///< of lists: of a file's content
  ChunkId id;
  std::uint64_t span = 0;         ///< entries or bytes
  std::string first_name, bound;  ///< of listings
  std::uint32_t tag = 0;          ///< given by the visitor
};

/// Told of everything that is met. A tag is handed down from a directory to what is in it.
class NodeVisitor {
 public:
  virtual ~NodeVisitor() = default;
  /// Whether to read the node and go on below it.
  virtual bool enter(const WalkNode& node) = 0;
  /// A chunk that leads to no other. `is_content`: of a file's content.
  virtual void chunk(const ChunkId& id, bool is_content, std::uint32_t tag) = 0;
  /// A name of a listing whose tag is `tag`; returns the tag of what is below it.
  virtual std::uint32_t entry(const Entry& entry, std::uint32_t tag) = 0;
};

/// Everything below a root, tagged `tag`, names in order. Throws corrupt. No recursion: the depth of a tree is input.
void walk_root(ChunkSource& source, const ChunkId& root, std::uint32_t tag, NodeVisitor& visitor);
/// Everything that an entry leads to; its own tag is `tag`.
void walk_entry(ChunkSource& source, const Entry& entry, std::uint32_t tag, NodeVisitor& visitor);
/// A stream that is no file's content.
void walk_stream(ChunkSource& source, const StreamRef& ref, std::uint32_t tag, NodeVisitor& visitor);

}  // namespace metamori
