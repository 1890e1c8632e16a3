#include "core/base_pieces.hpp"

#include <algorithm>

namespace metamori {

BaseList base_row(std::vector<BasePiece> pieces, std::uint64_t raw_bytes) {
  std::sort(pieces.begin(), pieces.end(), [](const BasePiece& a, const BasePiece& b) { return a.offset < b.offset; });
  BaseList list;
  const auto end_of = [](const BasePiece& piece) { return piece.offset + static_cast<std::int64_t>(piece.raw_bytes); };
  const auto first =
      std::find_if(pieces.begin(), pieces.end(), [&](const BasePiece& piece) { return piece.offset <= 0 && end_of(piece) > 0; });
  if (first == pieces.end()) return list;
  list.skip = static_cast<std::uint32_t>(-first->offset);
  std::int64_t end = first->offset;
  std::uint64_t total = 0;
  for (auto piece = first; piece != pieces.end() && list.ids.size() < kMaxBases && end < static_cast<std::int64_t>(raw_bytes); ++piece) {
    if (piece->offset != end) continue;
    total += piece->raw_bytes;
    if (total > kMaxRawBytes) break;
    list.ids.push_back(piece->id);
    end = end_of(*piece);
  }
  return list;
}

}  // namespace metamori
