#pragma once

// The frames of one pack against the rows of its index, and against what they hold.

#include <memory>
#include <vector>

#include "core/verify_run.hpp"
#include "objects/pack_frames.hpp"

namespace metamori {

/// Damage is noted with the run, which any thread may do.
class PackCheck {
 public:
  /// Null if the pack is gone, which is no damage, or can't be used, which is noted.
  static std::shared_ptr<PackCheck> open(VerifyRun& run, const PackName& name);
  PackCheck(VerifyRun& run, std::shared_ptr<const PackReader> pack);

  [[nodiscard]] const PackName& name() const noexcept { return pack_->name(); }
  [[nodiscard]] std::size_t frame_count() const noexcept { return frames_.frames().size(); }
  [[nodiscard]] const FrameRows& frame(std::size_t index) const noexcept { return frames_.frames()[index]; }
  /// The first frame that starts at `offset` or behind it.
  [[nodiscard]] std::size_t frame_at(std::uint64_t offset) const noexcept;
  /// Headers alone, and that frames follow each other without gaps.
  void check_layout();
  /// What a frame holds, compared with the ids. After check_layout(): where a header is damaged there is no more to say.
  void check_data(std::size_t index);

 private:
  void check_members(ByteView raw, const FrameRows& frame) const;
  [[nodiscard]] bool lacks_base(ByteView frame, const std::string& path, unsigned budget) const;
  [[nodiscard]] bool is_leftover(const FrameRows& frame) const;
  [[nodiscard]] bool is_damaged_itself(const FrameRows& frame) const;
  void note_frame(const FrameRows& frame, const std::string& message);

  VerifyRun& run_;
  std::shared_ptr<const PackReader> pack_;
  PackFrames frames_;
  std::vector<bool> has_bad_header_;
};

/// Throws corrupt if a frame and the rows of the index that name it tell different things.
void check_rows(ByteView frame, std::span<const PackEntry> rows, std::string_view where);

}  // namespace metamori
