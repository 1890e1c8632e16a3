#pragma once

// `refs/tags` and `refs/pins`: docs/format.md, section 9.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/files.hpp"
#include "objects/record.hpp"

namespace metamori {

/// What the text of a reference says, nothing if it is damaged.
std::optional<Position> parse_ref(std::string_view text);
/// The tag that a file of `refs/tags` is for, nothing if there is none of that name.
std::optional<std::string> tag_of_file(std::string_view file_name);
/// The number that a file of `refs/pins` is for.
std::optional<std::uint64_t> pin_of_file(std::string_view file_name);

/// Not thread-safe.
class RecordRefs {
 public:
  RecordRefs(System& system, int refs_dir, int tmp_dir) : system_(system), refs_dir_(refs_dir), tmp_dir_(tmp_dir) {}
  /// Nothing if the tag has no file; number 0 if the file says it was deleted. Throws corrupt.
  std::optional<Position> find_tag(const std::string& name);
  /// Every file in `refs/tags`; nothing as the position where the file is damaged.
  std::map<std::string, std::optional<Position>> tags();
  void set_tag(const std::string& name, const Position& target);
  /// By the files' names alone: a damaged pin still pins.
  std::vector<std::uint64_t> pins();
  void add_pin(const Position& target);
  void remove_pin(std::uint64_t number);
  /// Paths of files that are not what they should be.
  std::vector<std::string> damaged();

 private:
  std::optional<Fd> find_dir(const char* name);
  Fd make_dir(const char* name);
  void write(const char* dir_name, const std::string& name, const Position& target);
  System& system_;
  int refs_dir_;
  int tmp_dir_;
};

}  // namespace metamori
