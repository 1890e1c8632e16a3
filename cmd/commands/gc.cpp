#include "cmd/commands.hpp"
#include "cmd/exit_codes.hpp"
#include "cmd/json_render.hpp"
#include "cmd/keep_options.hpp"
#include "cmd/progress.hpp"
#include "cmd/units.hpp"

namespace metamori::cmd {
namespace {

class GcCommand final : public Command {
 public:
  void describe(Options& options) override {
    options.flag("--auto", gc_.automatic, "Do nothing unless it is worth while");
    options.duration("--max-time", gc_.max_time_ms, "Stop after so long; what was done until then counts");
    options.size("--max-repack", gc_.max_repack_bytes, "Copy at most so many bytes");
    options.flag("--now", gc_.now, "Promise that nobody else uses the repository: don't rely on locks, delete at once");
    options.flag("-n,--dry-run", gc_.dry_run, "Only tell what would be freed");
  }

  int run(Session& session) override {
    Repository repository = session.open();
    if (gc_.automatic && !gc_.dry_run) {
      ForgetOptions rules;
      rules.keep = configured_policy(session);
      rules.control.lock_timeout_ms = session.common.lock_timeout_ms.value_or(0);
      if (!rules.keep.empty()) repository.forget(rules);
    }
    const GcReport report = with_progress(session, [&](const Control& control) {
      gc_.control = control;
      return repository.gc(gc_);
    });
    if (session.json()) {
      write_json(session, report);
    } else if (!session.common.quiet) {
      print(session, report);
    }
    return kExitOk;
  }

 private:
  void write_json(Session& session, const GcReport& report) const {
    JsonReport json(session, "gc");
    json->field("dry_run", gc_.dry_run).field("was_needed", report.was_needed).field("is_complete", report.is_complete);
    json->field("generation", report.generation).field("bytes_freed", report.bytes_freed());
    json->field("bytes_before", report.bytes_before).field("bytes_after", report.bytes_after).field("bytes_copied", report.bytes_copied);
    json->field("bytes_in_trash", report.bytes_in_trash)
        .field("packs_before", report.packs_before)
        .field("packs_after", report.packs_after);
    json->field("checkpoints_released", report.checkpoints_released).field("safety_expired", report.safety_expired);
    json->field("records_folded", report.records_folded).field("temporaries_removed", report.temporaries_removed);
    json->field("seconds", report.seconds);
    json.end();
  }

  void print(Session& session, const GcReport& report) const {
    Output& out = session.out;
    if (!report.was_needed) {
      out.print("there is little to do yet\n");
      return;
    }
    out.print("{} {}: {} in {} instead of {} in {}\n", session.size(report.bytes_freed()), gc_.dry_run ? "would be freed" : "freed",
              session.size(report.bytes_after), format_count(report.packs_after, "pack", "packs"), session.size(report.bytes_before),
              format_count(report.packs_before, "pack", "packs"));
    if (report.checkpoints_released > 0)
      out.print("{} {} for good\n", format_count(report.checkpoints_released, "checkpoint", "checkpoints"),
                gc_.dry_run ? "would be gone" : "gone");
    if (report.bytes_in_trash > 0)
      out.print("{} in trash/, deleted by a run a day from now or with --now\n", session.size(report.bytes_in_trash));
    if (!report.is_complete) out.print("a limit ended it before all was done; run it again\n");
  }

  GcOptions gc_;
};

}  // namespace

std::unique_ptr<Command> make_gc() { return std::make_unique<GcCommand>(); }

}  // namespace metamori::cmd
