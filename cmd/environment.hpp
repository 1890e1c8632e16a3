#pragma once

#include <optional>
#include <string>

#include "metamori/checkpoint.hpp"

namespace metamori::cmd {

/// What the process was told by its environment. Read once, here alone.
struct Environment {
  std::optional<std::string> repository_dir;  ///< METAMORI_DIR
  std::optional<std::string> author;          ///< METAMORI_AUTHOR, `Name <mail>`
  bool no_color = false;                      ///< NO_COLOR is set and not empty
  bool is_dumb_terminal = false;              ///< TERM is `dumb` or missing
  bool is_utf8 = false;                       ///< the locale's characters are UTF-8
  Metadata job;                               ///< which batch job this is, as metadata of checkpoints
};

Environment read_environment();

/// Who makes checkpoints: METAMORI_AUTHOR, or this user at this host. Throws usage if METAMORI_AUTHOR makes no sense.
Person author_of(const Environment& environment);

}  // namespace metamori::cmd
