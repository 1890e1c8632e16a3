#pragma once

// Who descends from whom, from the summaries alone. A parent's number is always lower than its child's, so going by numbers is a
// topological order, and needs no clock.

#include <functional>
#include <optional>
#include <vector>

#include "objects/record_log.hpp"

namespace metamori {

/// A view of one state of the log's summaries; short-lived.
class Graph {
 public:
  explicit Graph(RecordLog& log) : log_(log), all_(log.summaries()) {}
  /// Throws what the log says of a record that is damaged or missing.
  const RecordSummary& get(const Position& position) const;
  /// The n-th parent (from 1), or if that was forgotten, its first ancestor in the first line of parents that was not. Nothing if there is
  /// none.
  [[nodiscard]] std::optional<Position> live_parent(const Position& position, std::uint64_t n) const;
  /// Calls `visit` for what can be reached from `from`, by falling number, forgotten ones too, until it returns false.
  void visit(const std::vector<Position>& from, const std::function<bool(const RecordSummary&)>& visit) const;
  [[nodiscard]] bool is_ancestor(const Position& ancestor, const Position& descendant) const;

 private:
  RecordLog& log_;
  const std::vector<RecordSummary>& all_;
};

}  // namespace metamori
