#include <algorithm>
#include <ctime>

#include "cmd/commands.hpp"
#include "cmd/dates.hpp"
#include "cmd/exit_codes.hpp"
#include "cmd/input.hpp"
#include "cmd/json_render.hpp"
#include "cmd/metadata.hpp"
#include "cmd/priority.hpp"
#include "cmd/progress.hpp"
#include "cmd/render.hpp"
#include "cmd/units.hpp"

namespace metamori::cmd {
namespace {

class CheckpointCommand final : public Command {
 public:
  void describe(Options& options) override {
    options.rest("PATH", words_, "Record only these, with all below them; the rest stays as in the last checkpoint");
    options.text("-m,--message", "MSG", checkpoint_.message, "What to remember it by");
    options.texts("--meta", "K=V", metadata_, "Note a key and a value; may be repeated");
    options.texts("--tag", "T", checkpoint_.tags, "Name the checkpoint; may be repeated");
    options.flag("--skip-if-unchanged", checkpoint_.skip_if_unchanged, "Make none if nothing changed since the last one");
    options.flag("-n,--dry-run", checkpoint_.dry_run, "Only tell what would be recorded");
    options.text("--paths-from0", "FILE", paths_file_, "Read paths from FILE, each ended by a NUL; '-' is standard input");
    options.choice<CheckMode>(
        "--check", checkpoint_.check, {{"auto", CheckMode::automatic}, {"mtime", CheckMode::mtime}, {"content", CheckMode::content}},
        "How changes are told: by device, inode, size, mtime and ctime; without inode and ctime; by reading everything");
    options.number("--retries", "N", checkpoint_.retries, "Further tries for a file that changes while it is read (default: 3)");
    options.choice<OnTorn>("--on-torn", checkpoint_.on_torn,
                           {{"mark", OnTorn::mark}, {"keep-previous", OnTorn::keep_previous}, {"fail", OnTorn::fail}},
                           "What to do with a file that keeps changing while it is read (default: mark)");
    options.duration("--timeout", time_limit_ms_, "Give up after so long, publishing nothing; what was stored serves the next run");
    options.size("--rate-limit", rate_limit_bytes_, "Read at most so many bytes of the tree a second");
    options.flag("--nice", is_nice_, "Leave processor and disk to whoever else wants them");
    options.flag("--one-file-system", checkpoint_.one_file_system, "Don't enter other file systems");
  }

  int run(Session& session) override {
    prepare(session);
    if (is_nice_) be_nice();
    Repository repository = session.open();
    if (paths_file_) {
      const std::vector<std::string> more = read_nul_separated(*paths_file_);
      words_.insert(words_.end(), more.begin(), more.end());
      // An empty list of paths would mean the whole tree.
      if (words_.empty()) throw Error(ErrorKind::usage, "no paths in '" + *paths_file_ + "'");
    }
    checkpoint_.paths = tree_paths(repository, words_);
    const CheckpointReport report = with_progress(session, [&](const Control& control) {
      checkpoint_.control = control;
      checkpoint_.control.time_limit_ms = time_limit_ms_;
      checkpoint_.control.rate_limit_bytes = rate_limit_bytes_.value_or(0);
      return repository.checkpoint(checkpoint_);
    });
    if (session.json()) {
      write_json(session, report);
    } else {
      print(session, report);
    }
    return report.has_losses() ? kExitLosses : kExitOk;
  }

 private:
  void prepare(const Session& session) {
    checkpoint_.metadata = parse_metadata(metadata_);
    for (const auto& [key, value] : session.environment.job) {
      const auto is_given = [&](const auto& pair) { return pair.first == key; };
      if (std::none_of(checkpoint_.metadata.begin(), checkpoint_.metadata.end(), is_given)) checkpoint_.metadata.emplace_back(key, value);
    }
    checkpoint_.author = author_of(session.environment);
    checkpoint_.utc_offset_minutes = utc_offset_minutes(::time(nullptr));
  }

  void write_json(Session& session, const CheckpointReport& report) const {
    JsonReport json(session, "checkpoint");
    const CheckpointInfo& info = report.checkpoint;
    write_id(*json, "id", info.id);
    json->field("number", info.number).key("parents").begin_array();
    for (const CheckpointId& parent : info.parents) json->text(to_hex(parent));
    json->end_array().field("created", report.created).field("dry_run", checkpoint_.dry_run);
    json->field("files", info.files).field("bytes_total", info.bytes_total).field("bytes_read", report.bytes_read);
    json->field("bytes_added", report.bytes_added).field("line", std::string_view(info.line));
    json->field("sha256", std::string_view(to_hex(info.root)));
    json->field("files_changed", report.files_changed).field("files_removed", report.files_removed);
    json->key("tags").begin_array();
    for (const std::string& tag : info.tags) json->text(tag);
    json->end_array();
    write_verdict_members(*json, report.verdicts);
    write_paths(*json, "skipped_repositories", report.skipped_repositories);
    write_paths(*json, "skipped_sockets", report.skipped_sockets);
    json->field("seconds", report.seconds);
    json.end();
  }

  void print(Session& session, const CheckpointReport& report) const {
    const CheckpointInfo& info = report.checkpoint;
    if (session.common.quiet) {
      if (!info.id.is_zero()) session.out.print("{}\n", to_hex(info.id));
    } else {
      session.out.print("{}, {}\n", summary(session, report), format_seconds(report.seconds));
    }
    print_verdicts(session, report);
    for (const std::string& path : report.skipped_repositories)
      session.note("skipped " + session.quote(path) + ": a repository of its own");
    if (session.common.verbose)
      for (const std::string& path : report.skipped_sockets) session.note("skipped " + session.quote(path) + ": a socket");
  }

  [[nodiscard]] std::string summary(const Session& session, const CheckpointReport& report) const {
    const CheckpointInfo& info = report.checkpoint;
    std::string changes = format_count(report.files_changed, "file", "files") + " changed";
    if (report.files_removed > 0) changes += fmt::format(", {} removed", report.files_removed);
    if (checkpoint_.dry_run) return fmt::format("dry run: {}, {} read", changes, session.size(report.bytes_read));
    const std::string name = checkpoint_name(info) + (info.line.empty() ? "" : " (" + session.quote(info.line) + ")");
    if (!report.created) return fmt::format("nothing changed since checkpoint {}", name);
    return fmt::format("checkpoint {}: {}, {} new of {}", name, changes, session.size(report.bytes_added), session.size(info.bytes_total));
  }

  /// Losses always; what is merely worth knowing with -v.
  static void print_verdicts(Session& session, const CheckpointReport& report) {
    for (const CapturedPath& captured : report.verdicts) {
      const bool is_loss = captured.verdict == CaptureVerdict::torn || captured.verdict == CaptureVerdict::kept ||
                           captured.verdict == CaptureVerdict::unreadable;
      std::string text = fmt::format("{}: {}", verdict_name(captured.verdict), session.quote(captured.path));
      if (captured.live == Liveness::yes) text += " (being written)";
      if (!captured.reason.empty()) text += ": " + captured.reason;
      if (is_loss) {
        session.warn(text);
      } else if (session.common.verbose) {
        session.note(text);
      }
    }
  }

  CheckpointOptions checkpoint_;
  std::vector<std::string> words_;
  std::vector<std::string> metadata_;
  std::optional<std::string> paths_file_;
  std::optional<std::int64_t> time_limit_ms_;
  std::optional<std::uint64_t> rate_limit_bytes_;
  bool is_nice_ = false;
};

}  // namespace

std::unique_ptr<Command> make_checkpoint() { return std::make_unique<CheckpointCommand>(); }

}  // namespace metamori::cmd
