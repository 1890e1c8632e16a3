#pragma once

#include <string_view>

#include "cmd/session.hpp"

namespace metamori::cmd {

/// What was kept and forgotten, one line each, and why.
void show_forget_report(Session& session, std::string_view type, bool is_dry_run, const ForgetReport& report);

}  // namespace metamori::cmd
