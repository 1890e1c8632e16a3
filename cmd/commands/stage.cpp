#include "cmd/checkpoint_manner.hpp"
#include "cmd/commands.hpp"
#include "cmd/exit_codes.hpp"
#include "cmd/json_render.hpp"
#include "cmd/priority.hpp"
#include "cmd/progress.hpp"
#include "cmd/render.hpp"
#include "cmd/units.hpp"

namespace metamori::cmd {
namespace {

class StageCommand final : public Command {
 public:
  void describe(Options& options) override {
    options.rest("PATH", words_, "Store only what these need, with all below them");
    describe_reading(options, manner_);
  }

  int run(Session& session) override {
    if (manner_.is_nice) be_nice();
    Repository repository = session.open(false);  // a pending restore is refused
    CheckpointOptions& checkpoint = manner_.checkpoint;
    checkpoint.paths = tree_paths(repository, words_);
    checkpoint.stage_only = true;
    const CheckpointReport report = with_progress(session, [&](const Control& control) {
      checkpoint.control = control;
      limit_checkpoint(manner_, checkpoint.control);
      return repository.checkpoint(checkpoint);
    });
    if (session.json()) {
      JsonReport json(session, "stage");
      json->field("files_changed", report.files_changed).field("bytes_read", report.bytes_read).field("bytes_added", report.bytes_added);
      json->field("seconds", report.seconds);
      json.end();
    } else if (!session.common.quiet) {
      session.out.print("stored for the next checkpoint: {}, {} new, {}\n", format_count(report.files_changed, "file", "files"),
                        session.size(report.bytes_added), format_seconds(report.seconds));
    }
    return kExitOk;
  }

 private:
  CheckpointManner manner_;
  std::vector<std::string> words_;
};

}  // namespace

std::unique_ptr<Command> make_stage() { return std::make_unique<StageCommand>(); }

}  // namespace metamori::cmd
