#include "cmd/commands.hpp"
#include "cmd/exit_codes.hpp"
#include "cmd/json_render.hpp"
#include "cmd/progress.hpp"
#include "cmd/restore_report.hpp"

namespace metamori::cmd {
namespace {

class RestoreCommand final : public Command {
 public:
  void describe(Options& options) override {
    options.required("REV", restore_.revision, "The checkpoint to put back");
    options.rest("PATH", words_, "Only these, with all below them");
    options.text("--to", "DIR", restore_.target, "Write into this directory instead of the tree; made if missing");
    options.flag("--delete", restore_.remove_extra, "Also remove tracked files that the checkpoint lacks");
    options.choice<Overwrite>("--overwrite", restore_.overwrite,
                              {{"always", Overwrite::always}, {"if-changed", Overwrite::if_changed}, {"never", Overwrite::never}},
                              "What to do with files that exist (default: always)");
    options.flag("--no-save", no_save_, "Take no safety checkpoint first: the restore can't be undone");
    options.flag("--fallback", restore_.fall_back, "If what is needed is damaged, take the nearest ancestor where it is sound");
    options.flag("--if-exists", if_exists_, "Do nothing if there is no such checkpoint");
    describe_restore_manner(options, restore_);
  }

  int run(Session& session) override {
    restore_.save = !no_save_;
    Repository repository = session.open(restore_.target.has_value());  // in place a pending restore is refused
    if (if_exists_ && !exists(repository)) return tell_missing(session, repository);
    restore_.paths = tree_paths(repository, words_);
    const RestoreReport report = with_progress(session, [&](const Control& control) {
      restore_.control = control;
      return repository.restore(restore_);
    });
    return show_restore_report(session, {"restore", restore_, repository.tree_directory()}, report);
  }

 private:
  bool exists(Repository& repository) const {
    try {
      repository.resolve(restore_.revision);
      return true;
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::corrupt && restore_.fall_back) return true;  // how far to fall back is yet to be found out
      if (error.kind() != ErrorKind::bad_revision) throw;
      return false;
    }
  }

  int tell_missing(Session& session, const Repository& repository) const {
    if (session.json()) return show_restore_report(session, {"restore", restore_, repository.tree_directory()}, {});
    session.note("no checkpoint " + session.quote(restore_.revision) + ": nothing restored");
    return kExitOk;
  }

  RestoreOptions restore_;
  std::vector<std::string> words_;
  bool no_save_ = false;
  bool if_exists_ = false;
};

}  // namespace

std::unique_ptr<Command> make_restore() { return std::make_unique<RestoreCommand>(); }

}  // namespace metamori::cmd
