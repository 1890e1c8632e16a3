#pragma once

// What a restore in place does to the tree, as it stands in the intent: docs/restore.md, *The plan*. With the store and the tree this is
// all that recovery needs.

#include <optional>
#include <string>
#include <vector>

#include "base/system.hpp"
#include "core/materialize.hpp"

namespace metamori {

enum class StepKind : std::uint8_t {
  put = 1,       ///< made beside the target, then renamed to its place
  rewrite = 2,   ///< a file whose differing ranges are written in place
  metadata = 3,  ///< a file whose content stays
  remove = 4,
  make_directory = 5,  ///< an empty directory; what belongs in it has steps of its own
};

/// Where the state that a step does away with can be found again.
enum class OldState : std::uint8_t {
  absent = 0,  ///< there was nothing
  saved = 1,   ///< in the plan's old root
  lost = 2,    ///< in no checkpoint
};

/// What tells that a path was not changed since the plan was made.
struct OldStat {
  std::uint64_t inode = 0;
  std::uint32_t mode = 0;
  std::uint32_t link_count = 0;
  std::uint32_t uid = 0, gid = 0;
  std::uint64_t size_bytes = 0;
  Time mtime, ctime;
  friend bool operator==(const OldStat&, const OldStat&) = default;
};
OldStat old_stat(const FileStat& stat) noexcept;
/// Whether `now` is still what the plan saw. The status change time counts only where nothing of ours moves it: not for directories, nor
/// for files with several names.
bool is_unchanged(const OldStat& then, const FileStat& now) noexcept;

struct Step {
  std::string path;
  StepKind kind = StepKind::put;
  OldState old = OldState::absent;
  bool deep = false;                ///< put of a directory with everything below it
  std::optional<OldStat> stat;      ///< unless old is absent
  std::uint64_t staged_number = 0;  ///< of a put
  std::string stage_dir;            ///< of a put: the directory its staged name is in, `path`'s parent or one above
  friend bool operator==(const Step&, const Step&) = default;
};

/// A directory that exists and whose content or metadata change.
struct PlanDirectory {
  std::string path;
  bool from_target = false;  ///< gets the metadata it has in the target; else it keeps its mode
  bool in_old_root = false;
  std::uint32_t mode = 0;  ///< before
  Time mtime;              ///< before
  friend bool operator==(const PlanDirectory&, const PlanDirectory&) = default;
};

struct Plan {
  NodePolicy policy;
  ChunkId old_root;  ///< zero: none
  std::uint64_t staged_count = 0;
  std::vector<Step> steps;                 ///< in walk order
  std::vector<PlanDirectory> directories;  ///< in walk order
  [[nodiscard]] bool empty() const noexcept { return steps.empty() && directories.empty(); }
};

Bytes encode_plan(const Plan& plan);
/// Throws corrupt for anything encode_plan does not write.
Plan decode_plan(ByteView bytes);

}  // namespace metamori
