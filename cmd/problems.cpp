#include "cmd/problems.hpp"

#include <fmt/format.h>

#include "cmd/json_writer.hpp"
#include "cmd/render.hpp"

namespace metamori::cmd {

void print_problems(Session& session, const std::vector<VerifyProblem>& problems) {
  for (const VerifyProblem& problem : problems) {
    session.out.print("{} {}: {}\n", session.colored("31", problem.kind), session.quote(problem.where), session.safe_text(problem.message));
    for (const CheckpointInfo& info : problem.affects) session.out.print("    affects checkpoint {}\n", checkpoint_name(info));
  }
}

void write_problems(JsonWriter& json, std::string_view key, const std::vector<VerifyProblem>& problems) {
  json.key(key).begin_array();
  for (const VerifyProblem& problem : problems) {
    json.begin_object().field("kind", std::string_view(problem.kind)).path("where", problem.where);
    json.field("message", std::string_view(problem.message)).key("affects").begin_array();
    for (const CheckpointInfo& info : problem.affects) json.text(to_hex(info.id));
    json.end_array().end_object();
  }
  json.end_array();
}

}  // namespace metamori::cmd
