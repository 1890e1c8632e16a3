#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <vector>

#include "cmd/exit_codes.hpp"
#include "cmd/output.hpp"
#include "cmd/pager.hpp"
#include "cmd/program.hpp"
#include "cmd/signals.hpp"
#include "metamori/error.hpp"
#include "metamori/read_errors.hpp"

namespace {

using namespace metamori::cmd;

/// A file opened later must never become descriptor 0, 1 or 2: what is printed would go into it. Opened the wrong way round, so that use
/// still fails.
void occupy_standard_descriptors() noexcept {
  for (int descriptor = 0; descriptor <= 2; ++descriptor)
    if (::fcntl(descriptor, F_GETFD) < 0) ::open("/dev/null", descriptor == 0 ? O_WRONLY : O_RDONLY);
}

/// Returns whether all that was said has arrived.
bool flush_all(Output& out, Output& err) {
  bool is_complete = true;
  for (Output* stream : {&out, &err}) {
    try {
      stream->flush();
    } catch (const ClosedPipe&) {
      // Whoever listened has heard enough.
    } catch (const metamori::Error& error) {
      is_complete = false;
      if (stream == &out) err.print("metamori: error: {}\n", error.what());
    }
  }
  return is_complete;
}

/// The page was taken for damage, which was told; why it could not be read is for the system's log.
void tell_of_read_errors(Output& err) {
  const std::uint64_t count = metamori::unreadable_pages();
  if (count > 0)
    err.print("metamori: warning: {} {} of the repository could not be read from the disk: look at what the kernel says (dmesg)\n", count,
              count == 1 ? "page" : "pages");
}

}  // namespace

int main(int argument_count, char** arguments) {
  occupy_standard_descriptors();
  // A reader that goes away must not kill a checkpoint half way.
  ::signal(SIGPIPE, SIG_IGN);
  // Nor must a limit on the size of files: writing fails then, and what was begun is taken away.
  ::signal(SIGXFSZ, SIG_IGN);
  // Asking a command how far it is must not end it, not even before it can tell.
  ::signal(SIGUSR1, SIG_IGN);
  metamori::survive_read_errors();
  Pager pager;
  PagedOutput out(pager, 65536);
  DescriptorOutput err(STDERR_FILENO, "standard error", 4096);
  const Terminals terminals{::isatty(STDOUT_FILENO) == 1, ::isatty(STDERR_FILENO) == 1, &pager};
  int code = kExitFailed;
  try {
    code = run_program(std::vector<std::string>(arguments + (argument_count > 0 ? 1 : 0), arguments + argument_count), read_environment(),
                       terminals, out, err);
  } catch (const ClosedPipe&) {
    flush_all(out, err);
    if (!pager.finish()) return kExitFailed;
    die_by_signal(SIGPIPE);
  }
  tell_of_read_errors(err);
  const bool is_complete = flush_all(out, err);
  if ((!pager.finish() || !is_complete) && (code == kExitOk || code == kExitLosses)) code = kExitFailed;
  if (const int signal = caught_signal(); signal != 0) die_by_signal(signal);
  return code;
}
