#pragma once

#include <string_view>

namespace metamori::cmd {

/// The script that completes for `bash`, `zsh` or `fish`; the files in completions/.
std::string_view completion_script(std::string_view shell) noexcept;

}  // namespace metamori::cmd
