#include "cmd/commands.hpp"
#include "cmd/exit_codes.hpp"
#include "cmd/forget_report.hpp"
#include "cmd/progress.hpp"
#include "cmd/restore_report.hpp"

namespace metamori::cmd {
namespace {

class UndoCommand final : public Command {
 public:
  void describe(Options& options) override { describe_restore_manner(options, restore_); }

  int run(Session& session) override {
    Repository repository = session.open(false);  // a pending restore is refused
    if (repository.forget_is_last()) {
      const bool dry_run = restore_.dry_run;
      const ForgetReport report = with_progress(session, [&](const Control& control) { return repository.undo_forget(dry_run, control); });
      show_forget_report(session, "undo", dry_run, report);
      return kExitOk;
    }
    const RestoreReport report = with_progress(session, [&](const Control& control) {
      restore_.control = control;
      return repository.undo(restore_);
    });
    return show_restore_report(session, {"undo", restore_, repository.tree_directory()}, report);
  }

 private:
  RestoreOptions restore_;
};

}  // namespace

std::unique_ptr<Command> make_undo() { return std::make_unique<UndoCommand>(); }

}  // namespace metamori::cmd
