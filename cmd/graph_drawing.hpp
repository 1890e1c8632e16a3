#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace metamori::cmd {

/// Draws lines of descent beside a list of checkpoints, newest first: each has a column, from its first child down to its parents, and
/// keeps it.
class GraphDrawing {
 public:
  struct Rows {
    std::string first;               ///< beside the checkpoint's first line
    std::string further;             ///< beside its other lines
    std::vector<std::string> joins;  ///< rows of their own that follow it
  };
  /// `ancestors`: the nearest that are, or might be, listed, all with lower numbers. `mark` stands for the checkpoint itself. All rows
  /// end with a space.
  Rows add(std::uint64_t number, std::vector<std::uint64_t> ancestors, char mark);

 private:
  std::size_t column_of(std::uint64_t number);
  [[nodiscard]] std::string row() const;
  [[nodiscard]] std::string join(std::size_t from, std::size_t to) const;

  /// What each column leads down to; 0: nothing, it is free.
  std::vector<std::uint64_t> columns_;
};

}  // namespace metamori::cmd
