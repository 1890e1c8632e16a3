#include "cmd/commands.hpp"
#include "cmd/progress.hpp"
#include "cmd/restore_report.hpp"

namespace metamori::cmd {
namespace {

class UndoCommand final : public Command {
 public:
  void describe(Options& options) override { describe_restore_manner(options, restore_); }

  int run(Session& session) override {
    Repository repository = session.open();
    const RestoreReport report = with_progress(session, [&](const Control& control) {
      restore_.control = control;
      return repository.undo(restore_);
    });
    return show_restore_report(session, "undo", restore_, report);
  }

 private:
  RestoreOptions restore_;
};

}  // namespace

std::unique_ptr<Command> make_undo() { return std::make_unique<UndoCommand>(); }

}  // namespace metamori::cmd
