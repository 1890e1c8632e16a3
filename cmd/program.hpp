#pragma once

#include <string>
#include <vector>

#include "cmd/environment.hpp"
#include "cmd/output.hpp"

namespace metamori::cmd {

class Pager;

struct Terminals {
  bool out = false;
  bool err = false;
  Pager* pager = nullptr;  ///< what `out` can be led through; may be null
};

/// The whole program: runs the command that `words` name and returns its exit code. Errors are reported here; only ClosedPipe gets out.
int run_program(const std::vector<std::string>& words, Environment environment, Terminals terminals, Output& out, Output& err);

}  // namespace metamori::cmd
