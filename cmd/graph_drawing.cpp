#include "cmd/graph_drawing.hpp"

#include <algorithm>

namespace metamori::cmd {

/// The leftmost that leads to `number`, or a free one for the tip of a line.
std::size_t GraphDrawing::column_of(std::uint64_t number) {
  auto found = std::find(columns_.begin(), columns_.end(), number);
  if (found == columns_.end()) found = std::find(columns_.begin(), columns_.end(), 0U);
  if (found == columns_.end()) found = columns_.insert(found, 0);
  return static_cast<std::size_t>(found - columns_.begin());
}

std::string GraphDrawing::row() const {
  std::string text(2 * columns_.size(), ' ');
  for (std::size_t i = 0; i < columns_.size(); ++i)
    if (columns_[i] != 0) text[2 * i] = '|';
  return text;
}

/// A line from a column to another below it.
std::string GraphDrawing::join(std::size_t from, std::size_t to) const {
  std::string text = row();
  const std::size_t left = std::min(from, to);
  const std::size_t right = std::max(from, to);
  for (std::size_t at = 2 * left + 1; at + 1 < 2 * right; ++at)
    if (text[at] == ' ') text[at] = '_';
  text[2 * right - 1] = from > to ? '/' : '\\';
  return text;
}

GraphDrawing::Rows GraphDrawing::add(std::uint64_t number, std::vector<std::uint64_t> ancestors, char mark) {
  const std::size_t own = column_of(number);
  columns_[own] = number;
  Rows rows;
  rows.first = row();
  rows.first[2 * own] = mark;
  // The newest ancestor goes on in this column, the others branch off.
  std::sort(ancestors.rbegin(), ancestors.rend());
  columns_[own] = ancestors.empty() ? 0 : ancestors.front();
  rows.further = row();
  for (std::size_t i = 1; i < ancestors.size(); ++i) {
    const std::size_t other = column_of(ancestors[i]);
    const bool is_new = columns_[other] == 0;
    columns_[other] = 0;
    rows.joins.push_back(join(own, other));
    columns_[other] = ancestors[i];
    if (!is_new) rows.joins.back()[2 * other] = '|';
  }
  // Where another column leads to the same ancestor, the right one joins the left.
  for (std::size_t other = 0; other < columns_.size(); ++other) {
    if (other == own || columns_[own] == 0 || columns_[other] != columns_[own]) continue;
    const auto [left, right] = std::minmax(own, other);
    columns_[right] = 0;
    rows.joins.push_back(join(right, left));
    break;
  }
  while (!columns_.empty() && columns_.back() == 0) columns_.pop_back();
  return rows;
}

}  // namespace metamori::cmd
