#pragma once

#include <string_view>
#include <vector>

#include "cmd/session.hpp"

namespace metamori::cmd {

class JsonWriter;

/// What is damaged, and the checkpoints that can't be restored in full because of it.
void print_problems(Session& session, const std::vector<VerifyProblem>& problems);
/// The same as an array under `key`.
void write_problems(JsonWriter& json, std::string_view key, const std::vector<VerifyProblem>& problems);

}  // namespace metamori::cmd
