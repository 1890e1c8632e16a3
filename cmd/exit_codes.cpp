#include "cmd/exit_codes.hpp"

#include <algorithm>
#include <charconv>
#include <string>

namespace metamori::cmd {
namespace {

std::string hint_for(ErrorKind kind, std::string_view command) {
  switch (kind) {
    case ErrorKind::usage:
      return "'metamori help " + std::string(command) + "' tells how it is used";
    case ErrorKind::no_repository:
      return "'metamori init' makes one; -C or --repo says where to look";
    case ErrorKind::locked:
      return "try again, or wait for it with --lock-timeout 5m";
    case ErrorKind::bad_revision:
      return "'metamori log --all' lists the checkpoints; metamori-revisions(7) tells how they are named";
    case ErrorKind::corrupt:
      if (command == "repair") return "copy the repository as it is before anything else is tried";
      return command == "verify" ? "copy the repository as it is; then 'metamori repair' mends what can be mended"
                                 : "'metamori verify' tells which checkpoints are affected; the others can still be restored";
    case ErrorKind::unsupported:
      return "'metamori version' tells what this one knows";
    case ErrorKind::no_space:
      return "free some space, or keep the repository elsewhere ('metamori init --repo-dir'); then run it again";
    case ErrorKind::refused:
      return "'metamori status' shows how things stand";
    case ErrorKind::interrupted:
    case ErrorKind::timed_out:
      return "run it again: what was stored serves the next run";
    case ErrorKind::torn:
      return "pause the job meanwhile, or record the file as it is with --on-torn=mark";
    case ErrorKind::io:
      return "mend that, then run it again";
  }
  return {};
}

}  // namespace

int exit_code(ErrorKind kind) noexcept {
  switch (kind) {
    case ErrorKind::usage:
      return kExitUsage;
    case ErrorKind::no_repository:
      return kExitNoRepository;
    case ErrorKind::locked:
      return kExitLocked;
    case ErrorKind::bad_revision:
      return kExitBadRevision;
    case ErrorKind::corrupt:
      return kExitCorrupt;
    case ErrorKind::unsupported:
      return kExitUnsupported;
    case ErrorKind::no_space:
      return kExitNoSpace;
    case ErrorKind::refused:
      return kExitRefused;
    case ErrorKind::interrupted:
    case ErrorKind::timed_out:
    case ErrorKind::torn:
    case ErrorKind::io:
      return kExitFailed;
  }
  return kExitFailed;
}

std::string_view kind_name(ErrorKind kind) noexcept {
  switch (kind) {
    case ErrorKind::usage:
      return "usage";
    case ErrorKind::no_repository:
      return "no_repository";
    case ErrorKind::locked:
      return "locked";
    case ErrorKind::bad_revision:
      return "bad_revision";
    case ErrorKind::corrupt:
      return "corrupt";
    case ErrorKind::unsupported:
      return "unsupported";
    case ErrorKind::no_space:
      return "no_space";
    case ErrorKind::refused:
      return "refused";
    case ErrorKind::interrupted:
      return "interrupted";
    case ErrorKind::timed_out:
      return "timed_out";
    case ErrorKind::torn:
      return "torn";
    case ErrorKind::io:
      return "io";
  }
  return "io";
}

Error with_hint(const Error& error, std::string_view command) {
  return error.hint().empty() ? Error(error.kind(), error.what(), hint_for(error.kind(), command), error.path()) : error;
}

std::string_view exit_code_meaning(int code) noexcept {
  switch (code) {
    case kExitOk:
      return "done, or nothing to do";
    case kExitFailed:
      return "failed";
    case kExitUsage:
      return "wrong usage";
    case kExitLosses:
      return "done, but some paths are not exact (listed)";
    case kExitDifferences:
      return "there are differences (--exit-code)";
    case kExitNoRepository:
      return "no repository here or above";
    case kExitLocked:
      return "somebody else holds a lock that is needed";
    case kExitBadRevision:
      return "revision unknown or ambiguous";
    case kExitCorrupt:
      return "repository is damaged";
    case kExitUnsupported:
      return "format too new, or file system lacks what is needed";
    case kExitNoSpace:
      return "no space left";
    case kExitRefused:
      return "refused: would lose work, or a restore is pending";
    default:
      return {};
  }
}

std::vector<int> exit_codes_with(std::string_view further) {
  std::vector<int> codes{kExitOk, kExitFailed, kExitUsage};
  while (!further.empty()) {
    const std::size_t length = std::min(further.find(' '), further.size());
    std::from_chars(further.data(), further.data() + length, codes.emplace_back());
    further.remove_prefix(std::min(length + 1, further.size()));
  }
  return codes;
}

}  // namespace metamori::cmd
