#include "metamori/repair.hpp"

#include "cmd/commands.hpp"
#include "cmd/exit_codes.hpp"
#include "cmd/json_render.hpp"
#include "cmd/problems.hpp"
#include "cmd/progress.hpp"
#include "cmd/render.hpp"
#include "cmd/units.hpp"

namespace metamori::cmd {
namespace {

class RepairCommand final : public Command {
 public:
  void describe(Options& options) override { options.flag("-n,--dry-run", repair_.dry_run, "Only tell what would be done"); }

  int run(Session& session) override {
    const RepairReport report = with_progress(session, [&](const Control& control) {
      repair_.control = control;
      return repair(session.open_options(), repair_);
    });
    if (session.json()) {
      write_json(session, report);
    } else {
      print(session, report);
    }
    return report.remaining.empty() ? kExitOk : kExitCorrupt;
  }

 private:
  void write_json(Session& session, const RepairReport& report) const {
    JsonReport json(session, "repair");
    json->field("ok", report.remaining.empty()).field("dry_run", repair_.dry_run).key("actions").begin_array();
    for (const RepairAction& action : report.actions) {
      json->begin_object().field("kind", std::string_view(action.kind)).path("where", action.where);
      json->field("message", std::string_view(action.message)).end_object();
    }
    json->end_array().field("chunks_salvaged", report.chunks_salvaged).field("chunks_healed", report.chunks_healed);
    json->field("files_quarantined", report.files_quarantined);
    if (!report.quarantine.empty()) json->path("quarantine", report.quarantine);
    write_problems(*json, "remaining", report.remaining);
    json->field("seconds", report.seconds);
    json.end();
  }

  void print(Session& session, const RepairReport& report) const {
    if (!session.common.quiet)
      for (const RepairAction& action : report.actions)
        session.out.print("{} {}: {}\n", session.colored("33", action.kind), session.quote(action.where),
                          session.safe_text(action.message));
    print_problems(session, report.remaining);
    if (session.common.quiet) return;
    if (!report.quarantine.empty())
      session.out.print("what was damaged is in {}; delete that when nothing in it is needed any more\n", session.quote(report.quarantine));
    if (report.actions.empty() && report.remaining.empty()) {
      session.out.print("sound: nothing to mend, {}\n", format_seconds(report.seconds));
      return;
    }
    session.out.print("{}, {} salvaged, {} healed, {}\n",
                      report.remaining.empty() ? std::string(repair_.dry_run ? "would be mended" : "mended")
                                               : format_count(report.remaining.size(), "problem remains", "problems remain"),
                      format_count(report.chunks_salvaged, "chunk", "chunks"), format_count(report.chunks_healed, "chunk", "chunks"),
                      format_seconds(report.seconds));
  }

  RepairOptions repair_;
};

}  // namespace

std::unique_ptr<Command> make_repair() { return std::make_unique<RepairCommand>(); }

}  // namespace metamori::cmd
