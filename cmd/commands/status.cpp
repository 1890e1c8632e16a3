#include "cmd/commands.hpp"
#include "cmd/exit_codes.hpp"
#include "cmd/json_render.hpp"
#include "cmd/progress.hpp"
#include "cmd/render.hpp"

namespace metamori::cmd {
namespace {

class StatusCommand final : public Command {
 public:
  void describe(Options& options) override {
    options.add({"--porcelain", "v1", OptionValue::optional, "For scripts: one change a line, a form that stays",
                 [this](const std::string& version) {
                   if (!version.empty() && version != "v1") Options::throw_bad_value("--porcelain", version, "v1");
                   porcelain_ = true;
                 }});
    options.flag("-z", nul_separated_, "As --porcelain, with raw paths, each ended by a NUL");
  }

  int run(Session& session) override {
    Repository repository = session.open(false);
    const StatusReport report = with_progress(session, [&](const Control& control) { return repository.status(control); });
    if (session.json()) {
      write_json(session, report);
    } else if (porcelain_ || nul_separated_) {
      for (const Change& change : report.diff.changes) print_porcelain(session, change);
    } else {
      print(session, report);
    }
    if (!session.json())
      for (const std::string& path : report.diff.unreadable) session.warn("unreadable: " + session.quote(path));
    return report.diff.unreadable.empty() ? kExitOk : kExitLosses;
  }

 private:
  static void write_json(Session& session, const StatusReport& report) {
    JsonReport json(session, "status");
    if (report.head) {
      json->key("head").begin_object();
      write_id(*json, "id", *report.head);
      json->field("number", report.head_number).end_object();
    } else {
      json->key("head").null();
    }
    json->field("line", std::string_view(report.line)).field("restore_pending", report.restore_pending);
    write_diff_members(*json, report.diff);
    json.end();
  }

  /// `X path`, `R from -> to`; with -z `X path NUL`, `R to NUL from NUL`.
  void print_porcelain(Session& session, const Change& change) const {
    if (!nul_separated_) {
      session.out.print("{} ", change_letter(change.kind));
      if (change.from) session.out.print("{} -> ", session.quote(*change.from));
      session.out.print("{}\n", session.quote(change.path));
      return;
    }
    session.out.print("{} ", change_letter(change.kind));
    session.out.write(change.path + '\0');
    if (change.from) session.out.write(*change.from + '\0');
  }

  static void print(Session& session, const StatusReport& report) {
    if (report.restore_pending)
      session.out.print(
          "{}\n",
          session.colored("31", "an interrupted restore waits: 'metamori recover' finishes it, 'metamori recover --abort' takes it back"));
    if (!session.common.quiet) {
      if (report.head) {
        const std::string line = report.line.empty() ? "" : " (" + session.quote(report.line) + ")";
        session.out.print("since checkpoint {} {}{}:\n", report.head_number, short_hex(*report.head), line);
      } else {
        session.out.write("no checkpoint yet:\n");
      }
    }
    for (const Change& change : report.diff.changes) {
      const std::string sizes = change_sizes(session, change);
      session.out.print("  {:<9} {}{}\n", colored_change(session, change.kind, fmt::format("{:<9}", change_name(change.kind))),
                        change_path(session, change), sizes.empty() ? "" : "  (" + sizes.substr(1) + ")");
    }
    if (!session.common.quiet) session.out.print("{}\n", change_counts(report.diff));
  }

  bool porcelain_ = false;
  bool nul_separated_ = false;
};

}  // namespace

std::unique_ptr<Command> make_status() { return std::make_unique<StatusCommand>(); }

}  // namespace metamori::cmd
