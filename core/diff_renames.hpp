#pragma once

#include <string>
#include <vector>

#include "metamori/changes.hpp"
#include "objects/stream.hpp"

namespace metamori {

/// A change and what it is matched by.
struct Candidate {
  Change change;
  StreamRef content;       ///< of an added or removed file or directory; empty where it can't be matched
  bool only_time = false;  ///< of a directory: nothing differs but its time
};

/// Joins each added file or directory with a removed one of the same, not empty, content into a rename, each used once; the same name is
/// preferred. What lies below a directory that moved goes with it. `candidates` are in the order of a walk and stay so.
void join_renames(std::vector<Candidate>& candidates);

}  // namespace metamori
