#include "cmd/commands.hpp"
#include "cmd/completion_scripts.hpp"
#include "cmd/exit_codes.hpp"
#include "cmd/json_render.hpp"
#include "cmd/suggest.hpp"
#include "cmd/text.hpp"

namespace metamori::cmd {
namespace {

class CompletionCommand final : public Command {
 public:
  void describe(Options& options) override { options.required("bash|zsh|fish", shell_, "The shell to complete for"); }

  int run(Session& session) override {
    if (shell_ != "bash" && shell_ != "zsh" && shell_ != "fish")
      throw Error(ErrorKind::usage, "no completions for " + shell_quote(shell_, true) + ": it is not one of bash|zsh|fish",
                  did_you_mean(shell_, {"bash", "zsh", "fish"}));
    const std::string_view script = completion_script(shell_);
    if (session.json()) {
      JsonReport json(session, "completion");
      json->field("shell", std::string_view(shell_)).field("script", script);
      json.end();
    } else {
      session.out.write(script);
    }
    return kExitOk;
  }

 private:
  std::string shell_;
};

}  // namespace

std::unique_ptr<Command> make_completion() { return std::make_unique<CompletionCommand>(); }

}  // namespace metamori::cmd
