#include "cmd/commands.hpp"
#include "cmd/exit_codes.hpp"
#include "cmd/json_render.hpp"
#include "cmd/progress.hpp"
#include "cmd/render.hpp"
#include "cmd/revision_path.hpp"
#include "cmd/units.hpp"

namespace metamori::cmd {
namespace {

class DiffCommand final : public Command {
 public:
  void describe(Options& options) override {
    options.optional("A", from_, "The older side, or both as A..B (default: HEAD)");
    options.optional("B", to_, "The newer side (default: the tree on disk)");
    options.after_dashes("PATH", words_, "Only these, with all below them");
    options.flag("--name-status", name_status_, "A letter and a path a line");
    options.flag("--stat", stat_, "How much changed in each, and in all");
    options.add({"--ranges", "GAP", OptionValue::optional, "Which bytes of modified files differ; ranges less than GAP apart are joined",
                 [this](const std::string& text) {
                   const auto gap = text.empty() ? std::optional<std::uint64_t>(0) : parse_size(text);
                   if (!gap) Options::throw_bad_value("--ranges", text, "a size such as 64 or 4K");
                   diff_.ranges = true;
                   diff_.range_gap = *gap > 0 ? *gap - 1 : 0;
                 }});
    options.flag("-z", nul_separated_, "With --name-status: raw paths, each ended by a NUL");
    options.flag("--exit-code", exit_code_, "Exit with 4 if there are differences");
    options.flag("--one-file-system", diff_.one_file_system, "Don't enter other file systems");
  }

  int run(Session& session) override {
    choose_sides();
    Repository repository = session.open();
    diff_.paths = tree_paths(repository, words_);
    diff_.directory_times = session.common.verbose;
    const DiffReport report = with_progress(session, [&](const Control& control) { return compare(repository, control); });
    if (session.json()) {
      write_json(session, report);
    } else {
      print(session, report);
    }
    if (exit_code_ && !report.changes.empty()) return kExitDifferences;
    return report.unreadable.empty() ? kExitOk : kExitLosses;
  }

 private:
  void choose_sides() {
    if (name_status_ && stat_) throw Error(ErrorKind::usage, "--name-status and --stat exclude each other");
    if (diff_.ranges && (name_status_ || stat_)) throw Error(ErrorKind::usage, "--ranges goes without --name-status and --stat");
    if (nul_separated_ && !name_status_) throw Error(ErrorKind::usage, "-z goes with --name-status");
    if (!from_) return;
    diff_.from = *from_;
    diff_.to = to_;
    if (const auto range = split_range(*from_)) {
      if (to_) throw Error(ErrorKind::usage, "A..B names both sides: there is no place for a further revision");
      diff_.from = range->first;
      diff_.to = range->second;
    }
  }

  DiffReport compare(Repository& repository, const Control& control) {
    diff_.control = control;
    try {
      return repository.diff(diff_);
    } catch (const Error& error) {
      rethrow_for_revisions(error, {from_, to_});
    }
  }

  void write_json(Session& session, const DiffReport& report) const {
    JsonReport json(session, "diff");
    json->field("from", std::string_view(diff_.from)).key("to");
    if (diff_.to) {
      json->text(*diff_.to);
    } else {
      json->null();
    }
    write_diff_members(*json, report);
    json.end();
  }

  void print(Session& session, const DiffReport& report) const {
    if (stat_) {
      session.out.write(diff_stat(session, report));
    } else {
      for (const Change& change : report.changes) {
        if (name_status_) {
          print_name_status(session, change);
        } else {
          const std::string sizes = change_sizes(session, change);
          session.out.print("{} {}{}\n", colored_change(session, change.kind, std::string(1, change_letter(change.kind))),
                            change_path(session, change), sizes.empty() ? "" : "  (" + sizes.substr(1) + ")");
          for (const ByteRange& range : change.ranges)
            session.out.print("    offset {}, {}\n", range.offset, format_count(range.length, "byte", "bytes"));
        }
      }
    }
    for (const std::string& path : report.unreadable) session.warn("unreadable: " + session.quote(path));
  }

  void print_name_status(Session& session, const Change& change) const {
    const char end = nul_separated_ ? '\0' : '\n';
    const char between = nul_separated_ ? '\0' : '\t';
    const auto shown = [&](const std::string& path) { return nul_separated_ ? path : session.quote(path); };
    session.out.print("{}{}", change_letter(change.kind), between);
    if (change.from) session.out.write(shown(*change.from) + between);
    session.out.write(shown(change.path) + end);
  }

  DiffOptions diff_;
  std::optional<std::string> from_;
  std::optional<std::string> to_;
  std::vector<std::string> words_;
  bool name_status_ = false;
  bool stat_ = false;
  bool nul_separated_ = false;
  bool exit_code_ = false;
};

}  // namespace

std::unique_ptr<Command> make_diff() { return std::make_unique<DiffCommand>(); }

}  // namespace metamori::cmd
