#pragma once

// What a job may do to its files, at random: writing, appending, cutting short, holes, renaming, links, directories, metadata.

#include <random>
#include <string>
#include <vector>

#include "tests/support/engine_world.hpp"

namespace metamori::test {

/// Numbers that are the same with every standard library.
class Chance {
 public:
  explicit Chance(std::uint64_t seed) : engine_(seed) {}
  std::uint64_t operator()() { return engine_(); }
  /// In [0, limit).
  std::uint64_t below(std::uint64_t limit) { return engine_() % limit; }
  bool percent(std::uint64_t share) { return below(100) < share; }

 private:
  std::mt19937_64 engine_;
};

/// The tree and its top with what tells members of one hard-link group: the group's first path. Without the repository.
struct TreeState {
  TreeDescription nodes;  ///< with link counts
  std::map<std::string, std::string> groups;
  friend bool operator==(const TreeState&, const TreeState&) = default;
};
TreeState tree_state(SimSystem& disk);

class RandomEdits {
 public:
  RandomEdits(SimSystem& disk, Chance& chance) : disk_(disk), chance_(chance) {}
  /// One change, or none if it can't be made; what it was.
  std::string edit();

 private:
  std::vector<std::string> paths(std::uint32_t type) const;
  std::string pick(const std::vector<std::string>& from) { return from[chance_.below(from.size())]; }
  std::string new_path();
  std::string bytes();
  std::string write();
  std::string change_file(const std::string& path);
  std::string rewrite_part(const std::string& path, bool forge_time);
  std::string change_metadata();
  std::string make_name();
  std::string remove();
  std::string rename();

  SimSystem& disk_;
  Chance& chance_;
};

}  // namespace metamori::test
