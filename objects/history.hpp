#pragma once

// git's object model over the record log: revision phrases, walks, graph. The only door to libgit2, which stays asleep until a phrase with
// a date needs it (loading and starting it costs about 10 ms). Nothing here writes. One thread owns a History and its RecordLog.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "objects/record_log.hpp"

namespace metamori {

class History {
 public:
  explicit History(RecordLog& log);
  ~History();
  /// One revision, in the syntax of docs/design.md (*Revisions*). Everything is resolved from the records' summaries, but for dates (`@{2
  /// hours ago}`, `LINE@{…}`), which are libgit2's. `:/text` is the newest checkpoint whose message matches the POSIX extended regular
  /// expression, as in git; forgotten and safety checkpoints are not searched. Forgotten ones are found by number, id and tag, and skipped
  /// by `~n`, `^n` and `@{…}`. Throws bad_revision; when ambiguous the hint lists the candidates (number, id, time, message).
  Position resolve(std::string_view revision);
  /// Commits reachable from `from`, newest first (by number, which is a topological order and needs no clock), at most `limit`; skips
  /// tombstones. Throws corrupt when it comes to a damaged record.
  std::vector<Position> walk(const std::vector<Position>& from, std::size_t limit);
  /// Whether `ancestor` can be reached from `descendant` by parents, or is it.
  bool is_ancestor(const Position& ancestor, const Position& descendant);
  /// Shortest unique prefix of the id, at least 8 digits.
  std::string short_id(const CheckpointId& id);
  /// Whether libgit2 has been started.
  [[nodiscard]] bool libgit2_awake() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace metamori
