#include "cmd/commands.hpp"
#include "cmd/exit_codes.hpp"
#include "cmd/json_render.hpp"

namespace metamori::cmd {
namespace {

class VersionCommand final : public Command {
 public:
  void describe(Options& /*options*/) override {}

  int run(Session& session) override {
    const VersionInfo info = version();
    if (session.json()) {
      JsonReport json(session, "version");
      json->field("version", std::string_view(info.version)).field("format", info.format).key("dependencies").begin_object();
      for (const auto& [name, number] : info.dependencies) json->field(name, std::string_view(number));
      json->end_object();
      json.end();
      return kExitOk;
    }
    session.out.print("metamori {} (repository format {})\n", info.version, info.format);
    if (session.common.verbose)
      for (const auto& [name, number] : info.dependencies) session.out.print("{} {}\n", name, number);
    return kExitOk;
  }
};

}  // namespace

std::unique_ptr<Command> make_version() { return std::make_unique<VersionCommand>(); }

}  // namespace metamori::cmd
