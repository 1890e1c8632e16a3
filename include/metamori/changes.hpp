#pragma once

// Differences between two checkpoints, or between one and the tree.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "metamori/control.hpp"
#include "metamori/types.hpp"

namespace metamori {

enum class NodeType : std::uint8_t { file = 1, directory = 2, symlink = 3, fifo = 4, char_device = 5, block_device = 6 };

enum class ChangeKind { added, removed, modified, metadata, renamed };

struct ByteRange {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

struct Change {
  std::string path;
  ChangeKind kind = ChangeKind::modified;
  NodeType type = NodeType::file;                        ///< after (before, if removed)
  std::optional<std::string> from;                       ///< of a rename: the path before
  std::optional<std::uint64_t> size_before, size_after;  ///< of files
  std::vector<ByteRange> ranges;                         ///< of a modified file, where asked for: chunk ranges that may differ
  std::uint64_t bytes_changed = 0;                       ///< of a modified file: bytes in chunks that differ; of an added one its size
  bool is_conflicted_type = false;                       ///< the type changed, too
};

struct DiffOptions {
  std::string from = "HEAD";
  std::optional<std::string> to;   ///< nothing: the tree on disk
  std::vector<std::string> paths;  ///< only these, with all below them
  bool detect_renames = true;      ///< files and directories that moved unchanged
  bool ranges = false;
  bool one_file_system = false;
  Control control;
};

struct DiffReport {
  std::vector<Change> changes;  ///< sorted by path
  std::uint64_t added = 0, removed = 0, modified = 0, metadata = 0, renamed = 0;
  std::vector<std::string> unreadable;
};

struct StatusReport {
  std::optional<CheckpointId> head;
  std::uint64_t head_number = 0;
  std::string line;
  bool restore_pending = false;
  DiffReport diff;
};

/// One name in a checkpoint.
struct NodeInfo {
  std::string path;
  NodeType type = NodeType::file;
  std::uint32_t mode = 0;  ///< lower 12 bits of st_mode
  std::uint32_t uid = 0, gid = 0;
  std::string user, group;
  Time mtime;
  std::uint64_t size_bytes = 0;  ///< of a directory: of all files below it
  std::string target;            ///< of a symbolic link
  std::uint32_t device_major = 0, device_minor = 0;
  std::vector<std::string> attribute_names;
  std::string linked_to;  ///< first path of its hard-link group, if it is in one and is not the first
  bool content_unknown = false;
};

}  // namespace metamori
