#pragma once

namespace metamori::cmd {

class Options;
struct Session;

/// One command: what it takes, one call into the library, and how the answer is shown.
class Command {
 public:
  Command() = default;
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;
  virtual ~Command() = default;
  virtual void describe(Options& options) = 0;
  /// Returns the exit code. Throws Error.
  virtual int run(Session& session) = 0;
};

}  // namespace metamori::cmd
