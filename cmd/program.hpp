#pragma once

#include <string>
#include <vector>

#include "cmd/environment.hpp"
#include "cmd/output.hpp"

namespace metamori::cmd {

struct Terminals {
  bool out = false;
  bool err = false;
};

/// The whole program: runs the command that `words` name and returns its exit code. Errors are reported here; only ClosedPipe gets out.
int run_program(const std::vector<std::string>& words, const Environment& environment, Terminals terminals, Output& out, Output& err);

}  // namespace metamori::cmd
