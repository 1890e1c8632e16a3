#pragma once

#include <functional>
#include <span>
#include <vector>

#include "objects/pack.hpp"

namespace metamori {

/// One frame of a pack, and the rows of the index that name it.
struct FrameRows {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;          ///< up to the next frame: they follow each other without gaps, so headers need not be read for it
  std::span<const PackEntry> rows;  ///< by member
};

/// A pack's index in the order of its frames.
class PackFrames {
 public:
  explicit PackFrames(const PackReader& pack);
  [[nodiscard]] const std::vector<FrameRows>& frames() const noexcept { return frames_; }

 private:
  std::vector<PackEntry> entries_;
  std::vector<FrameRows> frames_;
};

/// Calls `visit(entry, stored bytes)` for each chunk in the order of the frames. The members of a group have shares of its frame, without a
/// rest.
void for_each_chunk(const PackReader& pack, const std::function<void(const PackEntry&, std::uint32_t)>& visit);

}  // namespace metamori
