#pragma once

// The files of `checkpoints/`: single records and folded ones (docs/format.md, section 9). A single record outweighs a folded one of its
// number, so that a folded record can be replaced by its tombstone.

#include <optional>
#include <string>
#include <vector>

#include "base/files.hpp"
#include "objects/record.hpp"

namespace metamori {

/// When the names in a directory last changed. Equal stamps mean equal names, but for changes within one tick of its clock.
struct DirectoryStamp {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  Time mtime;
  Time ctime;
  friend bool operator==(const DirectoryStamp&, const DirectoryStamp&) = default;
};
void encode_stamp(const DirectoryStamp& stamp, ByteWriter& out);
DirectoryStamp decode_stamp(ByteReader& in);

/// A record's number and the inode of the file that holds it. Replacing a record gives it a new inode.
struct RecordPlace {
  std::uint64_t number = 0;
  std::uint64_t inode = 0;
};

/// Not thread-safe.
class RecordFiles {
 public:
  RecordFiles(System& system, int checkpoints_dir) : system_(system), dir_(checkpoints_dir) {}
  DirectoryStamp stamp();
  /// Whether `stamp` is so old that later changes can't share its tick.
  bool is_settled(const DirectoryStamp& stamp);
  /// All records there are, ascending by number; `stamp` is set to one taken before.
  std::vector<RecordPlace> list(DirectoryStamp& stamp);
  /// Whether there is a single record of that number (one look).
  bool has_single(std::uint64_t number);
  /// Nothing if there is no such record; throws corrupt if it is damaged.
  std::optional<Record> find(std::uint64_t number);
  /// As it stands, not looked into; `where` is set to where that is.
  std::optional<Bytes> find_bytes(std::uint64_t number, std::string& where);
  static std::string path_of(std::uint64_t number);

 private:
  struct Folded {
    std::string name;
    std::uint64_t first = 0, last = 0, inode = 0;
    Mapping map;  // empty until needed
    std::vector<std::uint64_t> numbers;
  };
  void list_once(std::vector<RecordPlace>& places);
  void load(Folded& folded);
  ByteView find_folded(std::uint64_t number, std::string& where);
  System& system_;
  int dir_;
  std::vector<Folded> folded_;
  DirectoryStamp listed_;  ///< when these were all that there are
};

}  // namespace metamori
