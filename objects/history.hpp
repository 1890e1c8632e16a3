#pragma once

// git's object model over the record log: revision phrases, walks, graph. The only door to libgit2, which stays asleep until a member that needs it is called
// (starting it costs 6 to 8 ms). Nothing here writes.

#include <memory>
#include <string>
#include <vector>

#include "objects/record_log.hpp"

namespace metamori {

class History {
 public:
  explicit History(RecordLog& log);
  ~History();
  /// One revision, in the syntax of docs/design.md (*Revisions*). Numbers, `#n`, HEAD, latest, @undo, lines, tags, `~n` and `^` after these, and hex prefixes of 8 and more are resolved here; dates and `:/text` by libgit2.
  /// Throws bad_revision; when ambiguous the hint lists the candidates (number, id, time, message).
  Position resolve(std::string_view revision);
  /// Commits reachable from `from`, newest first (topological, then by time), at most `limit`; skips tombstones.
  std::vector<Position> walk(const std::vector<Position>& from, std::size_t limit);
  /// Whether `ancestor` can be reached from `descendant` by parents, or is it.
  bool is_ancestor(const Position& ancestor, const Position& descendant);
  /// Shortest unique prefix of the id, at least 8 digits.
  std::string short_id(const CheckpointId& id);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace metamori
