#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>

#include "metamori/checkpoint.hpp"

namespace metamori::cmd {

/// What the process was told by its environment. Read once, here alone.
struct Environment {
  std::optional<std::string> repository_dir;    ///< METAMORI_DIR
  std::optional<std::string> home;              ///< HOME
  std::optional<std::string> author;            ///< METAMORI_AUTHOR, `Name <mail>`
  std::optional<std::string> config_home;       ///< XDG_CONFIG_HOME
  std::optional<std::string> system_config;     ///< METAMORI_SYSTEM_CONFIG
  std::optional<std::string> pager;             ///< PAGER
  std::map<std::string, std::string> metamori;  ///< METAMORI_*, empty ones too
  std::size_t columns = 80;                     ///< of the terminal: COLUMNS, or as it says itself
  bool no_color = false;                        ///< NO_COLOR is set and not empty
  bool is_dumb_terminal = false;                ///< TERM is `dumb` or missing
  bool is_utf8 = false;                         ///< the locale's characters are UTF-8
  Metadata job;                                 ///< which batch job this is, as metadata of checkpoints
};

Environment read_environment();

/// Who makes checkpoints: METAMORI_AUTHOR, or this user at this host. Throws usage if METAMORI_AUTHOR makes no sense.
Person author_of(const Environment& environment);

}  // namespace metamori::cmd
