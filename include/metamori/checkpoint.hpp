#pragma once

/// \file
/// Checkpoints as the library's users see them: how to take one, and what is known of one. Paths are bytes, relative to the top of the
/// tracked tree, components joined by `/`; the empty path is the top.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "metamori/control.hpp"
#include "metamori/pause.hpp"
#include "metamori/types.hpp"

namespace metamori {

/// Keys and values that a user notes with a checkpoint, in the order given. Kept as trailers of the git commit's message.
using Metadata = std::vector<std::pair<std::string, std::string>>;

/// Who made a checkpoint, as git has it.
struct Person {
  std::string name;   ///< one line, without `<` and `>`
  std::string email;  ///< one line, without `<` and `>`; may be empty
};

/// How a changed file is told: see metamori-checkpoint(1).
enum class CheckMode {
  automatic,  ///< device, inode, size, mtime, ctime; then fingerprints
  mtime,      ///< inode and ctime left out: after a migration; may miss forged times
  content,    ///< everything is read and hashed
};

/// What to do with a file that keeps changing while it is read.
enum class OnTorn {
  mark,           ///< keep what was read and say so
  keep_previous,  ///< keep the previous checkpoint's version and say so
  fail,           ///< throw `torn` and publish nothing
};

/// How a path was captured, as docs/design.md (*Verdicts*) explains.
enum class CaptureVerdict : std::uint8_t {
  clean,       ///< it did not change while it was read
  retried,     ///< it did at first, a later try was clean
  prefix,      ///< it only grew; captured up to its size when reading began
  torn,        ///< it kept changing: the content may be a mixture
  kept,        ///< it kept changing: the previous version was kept instead
  unreadable,  ///< it could not be read: the previous content, if there is one, stays
  assumed,     ///< taken on somebody's word
};

/// Whether somebody, perhaps this process, had the file open for writing when it was captured. Told by asking the kernel for a read lease,
/// which is given back at once: on local file systems, for the caller's own files.
enum class Liveness : std::uint8_t {
  no,       ///< nobody had
  yes,      ///< a writer or writable mapping existed
  unknown,  ///< it can't be told here
};

/// How one path was captured.
struct CapturedPath {
  std::string path;                                ///< bytes, relative to the top of the tree
  CaptureVerdict verdict = CaptureVerdict::clean;  ///< see there
  Liveness live = Liveness::no;                    ///< see there
  std::string reason;                              ///< of an unreadable one, in the report of the run that met it; else empty
};

/// How Repository::checkpoint is to take one.
struct CheckpointOptions {
  std::vector<std::string> paths;          ///< only these, with all below them; empty: the whole tree
  std::string message;                     ///< empty: none
  Metadata metadata;                       ///< keys: letters, digits and `-`; values: one line
  std::vector<std::string> tags;           ///< names for it, 1 to 100 bytes each, none that could be taken for another revision
  std::optional<Person> author;            ///< default: `metamori` at this host
  std::int32_t utc_offset_minutes = 0;     ///< noted beside the author's time
  bool skip_if_unchanged = false;          ///< publish none if the tree is as in HEAD; CheckpointReport::created tells
  bool skip_if_running = false;            ///< do nothing while another checkpoint is being made; CheckpointReport::was_running tells
  bool dry_run = false;                    ///< stores and publishes nothing
  bool one_file_system = false;            ///< don't enter other file systems
  bool stage_only = false;                 ///< store and remember what the next checkpoint will need, but publish none
  bool look_for_writers = false;           ///< tell which of the files that are read are open for writing (CapturedPath::live)
  CheckMode check = CheckMode::automatic;  ///< how changes are told
  OnTorn on_torn = OnTorn::mark;           ///< what to do with files that keep changing
  std::uint32_t retries = 3;               ///< further tries for a file that changes while it is read
  std::string image_kind;                  ///< kind of the memory image this belongs to, a word such as `criu`; empty: none
  std::string image_id;                    ///< which image that is
  std::string image_digest;                ///< its digest, as `algorithm:hex`
  Pause* pause = nullptr;                  ///< holds writers still while the tree is captured; must outlive the call; may be null
  Control control;                         ///< progress, stop, threads, limits
};

/// Everything known of one checkpoint without reading its content.
struct CheckpointInfo {
  CheckpointId id;                            ///< id of its git commit: what users call its id
  std::uint64_t number = 0;                   ///< from 1, in this repository, never used twice
  std::vector<CheckpointId> parents;          ///< ids of what it was built on
  std::vector<std::uint64_t> parent_numbers;  ///< their numbers, in the same order
  bool is_safety = false;                     ///< made by a restore, for undo
  bool is_forgotten = false;                  ///< its content is no longer held, or will not be after the next gc
  Time time;                                  ///< when it was committed, by the clock of that moment, in whole seconds
  std::int32_t utc_offset_minutes = 0;        ///< of the place where it was made
  Person author;                              ///< who made it
  std::string message;                        ///< without the metadata
  Metadata metadata;                          ///< in the order it was given
  std::vector<std::string> tags;              ///< sorted
  std::string line;                           ///< the line it is on; empty for safety checkpoints
  ChunkId root;                               ///< SHA-256 that covers all content
  std::uint64_t entries = 0;                  ///< names below the top, of any type
  std::uint64_t files = 0;                    ///< regular files among them
  std::uint64_t bytes_total = 0;              ///< sum of their sizes
  std::uint64_t bytes_added = 0;              ///< growth of the repository when it was made, as far as its packs still exist
  Time scan_start;                            ///< when looking at the tree began, by the clock
  Time scan_end;                              ///< when looking at the tree ended, by the clock
  CheckMode check = CheckMode::automatic;     ///< how changes were told
  std::string image_kind;                     ///< as in CheckpointOptions
  std::string image_id;                       ///< as in CheckpointOptions
  std::string image_digest;                   ///< as in CheckpointOptions
  std::vector<CapturedPath> verdicts;         ///< all that is not clean and at rest; filled by show() and log() with details
  std::vector<std::string> scope;             ///< paths it was limited to; filled by show()
  std::string rules;                          ///< tracking rules in force; filled by show()
};

/// What Repository::checkpoint did.
struct CheckpointReport {
  CheckpointInfo checkpoint;                      ///< the new one; the existing one if none was created
  bool created = false;                           ///< false in a dry run, and where nothing was done as asked
  bool was_running = false;                       ///< nothing was done: another was being made; always false where files can't be locked
  std::uint64_t bytes_read = 0;                   ///< of files
  std::uint64_t bytes_added = 0;                  ///< growth of the repository
  std::uint64_t files_changed = 0;                ///< captured anew
  std::uint64_t files_removed = 0;                ///< in the parent, gone from the tree
  std::vector<CapturedPath> verdicts;             ///< all that is not clean and at rest, sorted by path
  std::vector<std::string> skipped_repositories;  ///< nested repositories, sorted
  std::vector<std::string> skipped_sockets;       ///< sorted; sockets are never tracked
  std::vector<std::uint64_t> damaged_records;     ///< passed over to find the parent, because they are damaged
  std::uint64_t files_cloned = 0;                 ///< captured by reflink copies that were read when the pause was over
  double paused_seconds = 0;                      ///< how long CheckpointOptions::pause held, from begin() called to end() returned
  double seconds = 0;                             ///< how long it took
  /// Exit code 3 of the command line: something is torn, kept or unreadable.
  [[nodiscard]] METAMORI_API bool has_losses() const noexcept;
};

}  // namespace metamori
