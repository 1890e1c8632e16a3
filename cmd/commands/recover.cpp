#include "cmd/commands.hpp"
#include "cmd/exit_codes.hpp"
#include "cmd/json_render.hpp"
#include "cmd/progress.hpp"
#include "cmd/restore_report.hpp"
#include "cmd/units.hpp"

namespace metamori::cmd {
namespace {

class RecoverCommand final : public Command {
 public:
  void describe(Options& options) override {
    options.flag("--abort", abort_, "Take the restore back: every file as it was before it began");
    options.flag("--force", force_, "Finish it although files changed since; their changes are lost");
  }

  int run(Session& session) override {
    if (abort_ && force_) throw Error(ErrorKind::usage, "--abort and --force exclude each other");
    Repository repository = session.open(false);
    const RecoverMode mode = abort_ ? RecoverMode::abort : force_ ? RecoverMode::force : RecoverMode::finish;
    const RecoverReport report = with_progress(session, [&](const Control& control) { return repository.recover(mode, control); });
    if (session.json()) {
      JsonReport json(session, "recover");
      json->field("was_pending", report.was_pending).field("finished", report.finished).field("paths", report.paths);
      write_warnings(*json, report.warnings);
      json.end();
    } else {
      print(session, report);
    }
    return report.warnings.empty() ? kExitOk : kExitLosses;
  }

 private:
  static void print(Session& session, const RecoverReport& report) {
    if (!session.common.quiet) {
      if (!report.was_pending) {
        session.out.write("no interrupted restore: nothing to do\n");
      } else {
        session.out.print("the interrupted restore is {}: {}\n", report.finished ? "finished" : "taken back",
                          format_count(report.paths, "path", "paths"));
      }
    }
    warn_of(session, report.warnings);
  }

  bool abort_ = false;
  bool force_ = false;
};

}  // namespace

std::unique_ptr<Command> make_recover() { return std::make_unique<RecoverCommand>(); }

}  // namespace metamori::cmd
