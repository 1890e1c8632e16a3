#include "cmd/commands.hpp"
#include "cmd/dates.hpp"
#include "cmd/exit_codes.hpp"
#include "cmd/forget_report.hpp"
#include "cmd/keep_options.hpp"
#include "cmd/metadata.hpp"
#include "cmd/progress.hpp"

namespace metamori::cmd {
namespace {

class ForgetCommand final : public Command {
 public:
  void describe(Options& options) override {
    options.rest("REV|A..B", forget_.revisions, "Forget these; A..B names several");
    keep_.describe(options);
    options.flag("--force", forget_.force, "Also HEAD, and the last checkpoint that there is");
    options.flag("-n,--dry-run", forget_.dry_run, "Only tell what would be kept and forgotten, and why");
  }

  int run(Session& session) override {
    forget_.keep = keep_.policy();
    if (forget_.revisions.empty() && forget_.keep.empty()) forget_.keep = configured_policy(session);
    Repository repository = session.open();
    const ForgetReport report = with_progress(session, [&](const Control& control) {
      forget_.control = control;
      return repository.forget(forget_);
    });
    show_forget_report(session, "forget", forget_.dry_run, report);
    if (!forget_.dry_run && report.forgotten > 0 && !session.json())
      session.note("'metamori undo' takes this back until 'metamori gc' gives the space back");
    return kExitOk;
  }

 private:
  ForgetOptions forget_;
  KeepOptions keep_;
};

}  // namespace

std::unique_ptr<Command> make_forget() { return std::make_unique<ForgetCommand>(); }

}  // namespace metamori::cmd
