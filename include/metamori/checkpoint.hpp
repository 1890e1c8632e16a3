#pragma once

// Checkpoints as the library's users see them: how to take one, and what is known of one. Paths are bytes, relative to the top of the
// tracked tree, components joined by `/`; the empty path is the top.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "metamori/control.hpp"
#include "metamori/types.hpp"

namespace metamori {

using Metadata = std::vector<std::pair<std::string, std::string>>;

struct Person {
  std::string name;
  std::string email;
};

/// How a changed file is told: see metamori-checkpoint(1).
enum class CheckMode {
  automatic,  ///< device, inode, size, mtime, ctime; then fingerprints
  mtime,      ///< inode and ctime left out: after a migration; may miss forged times
  content,    ///< everything is read and hashed
};

/// What to do with a file that keeps changing while it is read.
enum class OnTorn { mark, keep_previous, fail };

/// How a path was captured, as docs/design.md (*Verdicts*) explains.
enum class CaptureVerdict : std::uint8_t { clean, retried, prefix, torn, kept, unreadable, assumed };
enum class Liveness : std::uint8_t { no, yes, unknown };
struct CapturedPath {
  std::string path;
  CaptureVerdict verdict = CaptureVerdict::clean;
  Liveness live = Liveness::no;
  std::string reason;  ///< of an unreadable one, in the report of the run that met it; else empty
};

struct CheckpointOptions {
  std::vector<std::string> paths;  ///< only these, with all below them; empty: the whole tree
  std::string message;             ///< empty: none
  Metadata metadata;               ///< keys: letters, digits and `-`; values: one line
  std::vector<std::string> tags;
  std::optional<Person> author;         ///< default: `metamori` at this host
  std::int32_t utc_offset_minutes = 0;  ///< noted beside the author's time
  bool skip_if_unchanged = false;
  bool dry_run = false;  ///< stores and publishes nothing
  bool one_file_system = false;
  CheckMode check = CheckMode::automatic;
  OnTorn on_torn = OnTorn::mark;
  std::uint32_t retries = 3;                       ///< further tries for a file that changes while it is read
  std::string image_kind, image_id, image_digest;  ///< the memory image this belongs to; digest as `algorithm:hex`
  Control control;
};

/// Everything known of one checkpoint without reading its content.
struct CheckpointInfo {
  CheckpointId id;
  std::uint64_t number = 0;
  std::vector<CheckpointId> parents;
  std::vector<std::uint64_t> parent_numbers;
  bool is_safety = false;
  bool is_forgotten = false;
  Time time;  ///< when it was committed, by the clock of that moment
  std::int32_t utc_offset_minutes = 0;
  Person author;
  std::string message;
  Metadata metadata;
  std::vector<std::string> tags;  ///< sorted
  std::string line;               ///< empty for safety checkpoints
  ChunkId root;                   ///< SHA-256 that covers all content
  std::uint64_t entries = 0;
  std::uint64_t files = 0;
  std::uint64_t bytes_total = 0;
  std::uint64_t bytes_added = 0;  ///< growth of the repository when it was made, as far as its packs still exist
  Time scan_start, scan_end;
  CheckMode check = CheckMode::automatic;
  std::string image_kind, image_id, image_digest;
  std::vector<CapturedPath> verdicts;  ///< all that is not clean and at rest; filled by show() and log() with details
  std::vector<std::string> scope;      ///< paths it was limited to; filled by show()
  std::string rules;                   ///< tracking rules in force; filled by show()
};

struct CheckpointReport {
  CheckpointInfo checkpoint;  ///< the new one; the existing one if none was created
  bool created = false;
  std::uint64_t bytes_read = 0;
  std::uint64_t bytes_added = 0;    ///< growth of the repository
  std::uint64_t files_changed = 0;  ///< captured anew
  std::uint64_t files_removed = 0;
  std::vector<CapturedPath> verdicts;             ///< sorted by path
  std::vector<std::string> skipped_repositories;  ///< nested repositories, sorted
  std::vector<std::string> skipped_sockets;
  double seconds = 0;
  /// Exit code 3 of the command line: something is torn, kept or unreadable.
  [[nodiscard]] METAMORI_API bool has_losses() const noexcept;
};

}  // namespace metamori
