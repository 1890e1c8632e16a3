#include "cmd/commands.hpp"
#include "cmd/exit_codes.hpp"
#include "cmd/json_render.hpp"
#include "cmd/problems.hpp"
#include "cmd/progress.hpp"
#include "cmd/units.hpp"

namespace metamori::cmd {
namespace {

class VerifyCommand final : public Command {
 public:
  void describe(Options& options) override {
    options.add(
        {"--data", "N%", OptionValue::optional, "Also read and hash the content, all or so much of it", [this](const std::string& text) {
           const auto percent = text.empty() ? std::optional<std::uint32_t>(100) : parse_percent(text);
           if (!percent) Options::throw_bad_value("--data", text, "a percentage from 1% to 100%");
           verify_.data = true;
           verify_.sample_percent = *percent;
         }});
    options.duration("--max-time", verify_.max_time_ms, "Stop reading content after so long; the next run goes on there");
  }

  int run(Session& session) override {
    if (verify_.max_time_ms && !verify_.data)
      throw Error(ErrorKind::usage, "--max-time limits how long content is read, and without --data none is", "add --data");
    Repository repository = session.open();
    const VerifyReport report = with_progress(session, [&](const Control& control) {
      verify_.control = control;
      return repository.verify(verify_);
    });
    if (session.json()) {
      write_json(session, report);
    } else {
      print(session, report);
    }
    return report.ok() ? kExitOk : kExitCorrupt;
  }

 private:
  static void write_json(Session& session, const VerifyReport& report) {
    JsonReport json(session, "verify");
    json->field("ok", report.ok()).field("checkpoints", report.checkpoints).field("packs", report.packs).field("chunks", report.chunks);
    json->field("checked_bytes", report.checked_bytes).field("is_complete", report.is_complete);
    write_problems(*json, "problems", report.problems);
    json->field("seconds", report.seconds);
    json.end();
  }

  void print(Session& session, const VerifyReport& report) const {
    print_problems(session, report.problems);
    if (session.common.quiet) return;
    if (!report.ok()) session.note("'metamori repair -n' tells what can be mended");
    const std::string content = verify_.data ? session.size(report.checked_bytes) + " read and compared" : "content not read (--data does)";
    session.out.print("{}: {}, {}, {}, {}, {}\n",
                      report.ok() ? std::string("sound") : format_count(report.problems.size(), "problem", "problems"),
                      format_count(report.checkpoints, "checkpoint", "checkpoints"), format_count(report.packs, "pack", "packs"),
                      format_count(report.chunks, "chunk", "chunks"), content, format_seconds(report.seconds));
    if (!report.is_complete)
      session.out.print("the time was over before all content was read; the next run with --max-time or a part goes on there\n");
  }

  VerifyOptions verify_;
};

}  // namespace

std::unique_ptr<Command> make_verify() { return std::make_unique<VerifyCommand>(); }

}  // namespace metamori::cmd
