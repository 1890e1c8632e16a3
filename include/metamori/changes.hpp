#pragma once

/// \file
/// Differences between two checkpoints, or between one and the tree; and the names in a checkpoint.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "metamori/control.hpp"
#include "metamori/types.hpp"

namespace metamori {

/// What a name in a tree is. The values are those of the repository format.
enum class NodeType : std::uint8_t {
  file = 1,          ///< a regular file
  directory = 2,     ///< a directory
  symlink = 3,       ///< a symbolic link
  fifo = 4,          ///< a named pipe
  char_device = 5,   ///< a character device
  block_device = 6,  ///< a block device
};

/// How a name differs between the two sides of a comparison.
enum class ChangeKind {
  added,     ///< only the second side has it
  removed,   ///< only the first side has it
  modified,  ///< its content, link target, device numbers or type differ
  metadata,  ///< mode, owner, time, attributes or hard links differ, the content is the same
  renamed,   ///< it has moved with its content unchanged
};

/// A stretch of a file, in bytes.
struct ByteRange {
  std::uint64_t offset = 0;  ///< of its first byte
  std::uint64_t length = 0;  ///< never 0 in a report
  /// Whether both are the same stretch.
  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

/// One name that differs.
struct Change {
  std::string path;                          ///< bytes, relative to the top of the tree
  ChangeKind kind = ChangeKind::modified;    ///< how it differs
  NodeType type = NodeType::file;            ///< after (before, if removed)
  std::optional<std::string> from;           ///< of a rename: the path before
  std::optional<std::uint64_t> size_before;  ///< bytes; of files that the first side has
  std::optional<std::uint64_t> size_after;   ///< bytes; of files that the second side has
  std::vector<ByteRange> ranges;    ///< of a modified file, where asked for: bytes that differ from those at the same offset, ascending
  std::uint64_t bytes_changed = 0;  ///< of a modified file: bytes in chunks that differ; of an added one its size
  bool is_conflicted_type = false;  ///< the type changed, too
};

/// What Repository::diff is to compare.
struct DiffOptions {
  std::string from = "HEAD";       ///< revision of the first side
  std::optional<std::string> to;   ///< revision of the second side; nothing: the tree on disk
  std::vector<std::string> paths;  ///< only these, with all below them; empty: everything
  bool detect_renames = true;      ///< files and directories that moved unchanged
  bool ranges = false;             ///< fill Change::ranges, which reads both sides where chunks differ
  std::uint64_t range_gap =
      0;  ///< ranges with at most so many equal bytes between them are told as one; with more where there are very many
  bool one_file_system = false;  ///< with the tree on disk: don't enter other file systems
  bool directory_times = false;  ///< also list directories that differ in nothing but their modification time
  Control control;               ///< progress (while the tree on disk is read), stop, threads, limits
};

/// What Repository::diff found.
struct DiffReport {
  std::vector<Change> changes;          ///< sorted by path
  std::uint64_t added = 0;              ///< number of changes of this kind
  std::uint64_t removed = 0;            ///< number of changes of this kind
  std::uint64_t modified = 0;           ///< number of changes of this kind
  std::uint64_t metadata = 0;           ///< number of changes of this kind
  std::uint64_t renamed = 0;            ///< number of changes of this kind
  std::vector<std::string> unreadable;  ///< paths of the tree on disk that could not be read, sorted; compared by what is known of them
};

/// What Repository::status tells.
struct StatusReport {
  std::optional<CheckpointId> head;  ///< the checkpoint that the tree was last captured as or restored to; nothing before the first
  std::uint64_t head_number = 0;     ///< its number; 0 before the first
  std::string line;                  ///< the line it is on; empty before the first
  bool restore_pending = false;      ///< an interrupted restore waits for Repository::recover
  DiffReport diff;                   ///< from HEAD to the tree on disk
};

/// One name in a checkpoint.
struct NodeInfo {
  std::string path;                          ///< bytes, relative to the top of the tree
  NodeType type = NodeType::file;            ///< what it is
  std::uint32_t mode = 0;                    ///< lower 12 bits of st_mode
  std::uint32_t uid = 0;                     ///< of its owner, where it was captured
  std::uint32_t gid = 0;                     ///< of its group, where it was captured
  std::string user;                          ///< name of its owner; empty if it was not known
  std::string group;                         ///< name of its group; empty if it was not known
  Time mtime;                                ///< when its content was last changed
  std::uint64_t size_bytes = 0;              ///< of a directory: of all files below it
  std::string target;                        ///< of a symbolic link
  std::uint32_t device_major = 0;            ///< of a device
  std::uint32_t device_minor = 0;            ///< of a device
  std::vector<std::string> attribute_names;  ///< extended attributes and ACLs that it has, sorted
  std::string linked_to;                     ///< first path of its hard-link group, if it is in one and is not the first
  bool content_unknown = false;              ///< it could not be read when it was captured, and there was no older content
};

}  // namespace metamori
