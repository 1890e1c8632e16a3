#pragma once

// What could stand where a command line is being written. Shells ask by `metamori __complete`; their scripts are in completions/.

#include <string>
#include <vector>

#include "cmd/session.hpp"

namespace metamori::cmd {

struct Candidate {
  std::string word;         ///< the whole word
  std::string description;  ///< may be empty
};

struct Completion {
  /// What the shell is to do itself, because it knows better: `~`, variables, other programs' completions.
  enum class Source { candidates, files, directories, program };
  Source source = Source::candidates;
  bool are_paths = false;  ///< the candidates are
  std::vector<Candidate> candidates;
};

/// `words` are those after the program's name; the last one is being written. Looks into the repository that the words before it mean.
/// What can't be found out is left out: nothing is thrown for a missing or damaged repository.
Completion complete(const Environment& environment, const std::vector<std::string>& words);

}  // namespace metamori::cmd
