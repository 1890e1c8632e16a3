#include "cmd/commands.hpp"
#include "cmd/exit_codes.hpp"
#include "cmd/session.hpp"

namespace metamori::cmd {
namespace {

/// Hidden. A command's option names, one a line, for the test that compares them with the manual; without a command the common ones.
class ListOptionsCommand final : public Command {
 public:
  void describe(Options& options) override { options.optional("COMMAND", name_, "Whose options"); }

  int run(Session& session) override {
    Options options;
    CommonOptions ignored;
    std::unique_ptr<Command> command;
    if (name_) {
      command = get_command(*name_).make();
      command->describe(options);
    } else {
      describe_common(options, ignored);
    }
    for (const OptionSpec& spec : options.options())
      for (const std::string& name : spec.name_list()) session.out.print("{}\n", name);
    return kExitOk;
  }

 private:
  std::optional<std::string> name_;
};

}  // namespace

std::unique_ptr<Command> make_list_options() { return std::make_unique<ListOptionsCommand>(); }

}  // namespace metamori::cmd
