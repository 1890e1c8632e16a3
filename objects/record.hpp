#pragma once

// Records, the checkpoint record inside, verdicts, and the three git objects. docs/format.md, sections 9 to 11. Pure encoders and decoders.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "objects/stream.hpp"

namespace metamori {

/// A checkpoint's place: its number and id. Number 0: before the first checkpoint.
struct Position {
  std::uint64_t number = 0;
  CheckpointId id;
  friend bool operator==(const Position&, const Position&) = default;
};

enum class RecordKind : std::uint16_t { checkpoint = 1, safety = 2, move = 3, tombstone = 4 };
enum class MoveReason : std::uint8_t { restore = 1, undo = 2, recovery = 3 };
enum class TombReason : std::uint8_t { forgotten = 1, withdrawn = 2 };

/// The envelope: one file in `checkpoints/`.
struct Record {
  RecordKind kind = RecordKind::checkpoint;
  std::uint64_t number = 0;
  // checkpoint, safety, tombstone: the git objects' contents
  Bytes blob, tree, commit;
  Position head_before;  // checkpoint, safety, move
  Position head_after;   // these, and tombstone: what it was after the checkpoint
  // checkpoint, safety
  std::vector<Position> parents;
  std::uint64_t gc_generation = 0;
  std::vector<ChunkId> packs;
  std::string line;                                // checkpoint, tombstone
  std::vector<std::string> tags;                   // checkpoint; sorted
  StreamRef touched;                               // safety
  MoveReason move_reason = MoveReason::restore;    // move
  std::uint64_t safety_number = 0;                 // move; 0: none
  TombReason tomb_reason = TombReason::forgotten;  // tombstone
  bool content_held = false;                       // tombstone
  std::int64_t tomb_time = 0;                      // tombstone
  /// The id of the commit. Not for moves.
  [[nodiscard]] CheckpointId id() const;
};
Bytes encode_record(const Record& record);
/// Checks the checksum first. `where` names the file for messages. Throws corrupt; `unsupported` for an unknown critical section.
Record decode_record(ByteView bytes, std::string_view where);

struct CheckpointRecord {
  ChunkId root;
  std::uint64_t entries = 0;
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  StreamRef rules, verdicts, scope;  // empty: absent
  Time start, end;
  std::string check = "auto";
  std::string image_kind, image_id, image_digest;          // empty: absent
  std::vector<std::pair<std::string, std::string>> extra;  // keys that start with x-
};
Bytes encode_checkpoint_record(const CheckpointRecord& record);
CheckpointRecord decode_checkpoint_record(ByteView blob, std::string_view where);

enum class Verdict : std::uint8_t { clean, retried, prefix, torn, kept, unreadable, assumed };
enum class Live : std::uint8_t { no, yes, unknown };
struct PathVerdict {
  std::string path;
  Verdict verdict = Verdict::clean;
  Live live = Live::no;
};
Bytes encode_verdicts(const std::vector<PathVerdict>& sorted);
std::vector<PathVerdict> decode_verdicts(ByteView bytes);
struct TouchedPath {
  std::string path;
  bool existed = false;
};
Bytes encode_touched(const std::vector<TouchedPath>& sorted);
std::vector<TouchedPath> decode_touched(ByteView bytes);
Bytes encode_path_list(const std::vector<std::string>& sorted);
std::vector<std::string> decode_path_list(ByteView bytes);

struct Signature {
  std::string name;
  std::string email;
  std::int64_t seconds = 0;
  std::int32_t offset_minutes = 0;
};
struct Commit {
  CheckpointId tree;
  std::vector<CheckpointId> parents;
  Signature author, committer;
  std::string message;  ///< with trailers, ends with a newline
};
Bytes encode_commit(const Commit& commit);
Commit decode_commit(ByteView bytes, std::string_view where);
/// The tree whose one entry is `record`.
Bytes encode_record_tree(const CheckpointId& blob);
/// Message text and metadata joined as git does it (`git interpret-trailers`), and taken apart again. Keys: letters, digits, `-`; values:
/// one line.
std::string join_trailers(std::string_view message, const std::vector<std::pair<std::string, std::string>>& trailers);
struct SplitMessage {
  std::string text;
  std::vector<std::pair<std::string, std::string>> trailers;
};
SplitMessage split_trailers(std::string_view message);

}  // namespace metamori
