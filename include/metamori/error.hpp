#pragma once

/// \file
/// The exception that the library throws.

#include <stdexcept>
#include <string>
#include <utility>

#include "metamori/export.hpp"

namespace metamori {

/// Why an operation stopped. Code branches on the kind, never on the text; the command line maps each kind to one exit code.
enum class ErrorKind {
  usage,          ///< the request makes no sense (a bad option, a path outside the tree, a second init)
  no_repository,  ///< no repository here or above
  locked,         ///< somebody else holds a lock that is needed
  bad_revision,   ///< a revision is unknown or ambiguous
  corrupt,        ///< bytes of the repository are not what they should be
  unsupported,    ///< a newer format, or a file system that lacks what is needed
  no_space,       ///< the disk or a quota is full
  refused,        ///< going on would lose work, or is unsafe; `hint` says how to insist
  interrupted,    ///< the caller's stop flag was raised
  timed_out,      ///< the caller's time limit passed
  torn,           ///< a file kept changing and the caller asked to fail then
  io,             ///< any other failing system call
};

/// The one exception type of the library. `what()` says what was being done, to which path or id, and why it failed;
/// `hint()` (may be empty) says what to do next; `path()` (may be empty) is the path concerned, as bytes.
class METAMORI_API Error : public std::runtime_error {
 public:
  /// `message`: see what(). The hint and the path may be empty.
  Error(ErrorKind kind, const std::string& message, std::string hint = {}, std::string path = {})
      : std::runtime_error(message), kind_(kind), hint_(std::move(hint)), path_(std::move(path)) {}
  /// Why the operation stopped.
  [[nodiscard]] ErrorKind kind() const noexcept { return kind_; }
  /// What to do next; may be empty.
  [[nodiscard]] const std::string& hint() const noexcept { return hint_; }
  /// The path concerned, as bytes; may be empty.
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  ErrorKind kind_;
  std::string hint_;
  std::string path_;
};

}  // namespace metamori
