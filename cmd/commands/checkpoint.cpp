#include "cmd/checkpoint_manner.hpp"
#include "cmd/commands.hpp"
#include "cmd/exit_codes.hpp"
#include "cmd/input.hpp"
#include "cmd/json_render.hpp"
#include "cmd/keep_options.hpp"
#include "cmd/priority.hpp"
#include "cmd/progress.hpp"
#include "cmd/render.hpp"
#include "cmd/units.hpp"

namespace metamori::cmd {
namespace {

constexpr std::int64_t kMaxPauseMs = 60'000;

class CheckpointCommand final : public Command {
 public:
  void describe(Options& options) override {
    options.rest("PATH", words_, "Record only these, with all below them; the rest stays as in the last checkpoint");
    describe_checkpoint_manner(options, manner_);
    options.texts("--tag", "T", checkpoint_.tags, "Name the checkpoint; may be repeated");
    options.flag("--skip-if-unchanged", checkpoint_.skip_if_unchanged, "Make none if nothing changed since the last one");
    options.flag("--skip-if-running", checkpoint_.skip_if_running, "Make none if another is being made in this repository");
    options.text("--pause", "PID|CGROUP", paused_, "Stop this process with its children, or this control group, while files are captured");
    options.duration("--max-pause", max_pause_ms_, "Let it go on after so long in any case, publishing nothing (default: 1m)");
    options.flag("-n,--dry-run", checkpoint_.dry_run, "Only tell what would be recorded");
    options.flag("--keep-policy", keeps_policy_, "Then forget what the rules set as keep.* don't keep");
    options.text("--paths-from0", "FILE", paths_file_, "Read paths from FILE, each ended by a NUL; '-' is standard input");
  }

  int run(Session& session) override {
    complete_checkpoint_manner(session, manner_);
    if (manner_.is_nice) be_nice();
    if (keeps_policy_ && configured_policy(session).empty())
      throw Error(ErrorKind::usage, "there are no rules for what to keep", "set some, such as with 'metamori config set keep.daily 14'");
    Repository repository = session.open(checkpoint_.dry_run);  // else a pending restore is refused
    if (paths_file_) {
      const std::vector<std::string> more = read_nul_separated(*paths_file_);
      words_.insert(words_.end(), more.begin(), more.end());
      // An empty list of paths would mean the whole tree.
      if (words_.empty()) throw Error(ErrorKind::usage, "no paths in '" + *paths_file_ + "'");
    }
    checkpoint_.paths = tree_paths(repository, words_);
    const std::unique_ptr<Pause> pause = make_pause();
    checkpoint_.pause = pause.get();
    const CheckpointReport report = with_progress(session, [&](const Control& control) {
      checkpoint_.control = control;
      limit_checkpoint(manner_, checkpoint_.control);
      return repository.checkpoint(checkpoint_);
    });
    // The checkpoint stands, whatever becomes of this.
    const std::uint64_t forgotten = keeps_policy_ && report.created ? keep_by_settings(session, repository) : 0;
    if (session.json()) {
      write_json(session, report, forgotten);
    } else {
      print(session, report);
    }
    return report.has_losses() ? kExitLosses : kExitOk;
  }

 private:
  /// Nothing if none was asked for. Throws usage for options that don't go together.
  std::unique_ptr<Pause> make_pause() const {
    if (!paused_) {
      if (max_pause_ms_) throw Error(ErrorKind::usage, "--max-pause limits what --pause does, which is not given");
      return nullptr;
    }
    if (checkpoint_.dry_run) throw Error(ErrorKind::usage, "a dry run pauses nothing: leave --pause or --dry-run away");
    const std::int64_t max_ms = max_pause_ms_.value_or(kMaxPauseMs);
    const bool is_process = !paused_->empty() && paused_->size() < 10 && paused_->find_first_not_of("0123456789") == std::string::npos;
    return is_process ? pause_process_tree(std::stoll(*paused_), max_ms) : pause_cgroup(*paused_, max_ms);
  }

  void write_json(Session& session, const CheckpointReport& report, std::uint64_t forgotten) const {
    JsonReport json(session, "checkpoint");
    const CheckpointInfo& info = report.checkpoint;
    write_name(*json, info);
    json->key("parents").begin_array();
    for (const CheckpointId& parent : info.parents) json->text(to_hex(parent));
    json->end_array().field("created", report.created).field("dry_run", checkpoint_.dry_run).field("was_running", report.was_running);
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
    write_numbers(*json, "damaged_records", report.damaged_records);
    json->field("forgotten", forgotten)
        .field("files_cloned", report.files_cloned)
        .field("paused_seconds", report.paused_seconds)
        .field("seconds", report.seconds);
    json.end();
  }

  void print(Session& session, const CheckpointReport& report) const {
    const CheckpointInfo& info = report.checkpoint;
    if (session.common.quiet) {
      if (!info.id.is_zero() && !report.was_running) session.out.print("{}\n", to_hex(info.id));
    } else {
      session.out.write(checkpoint_summary(session, report, checkpoint_.dry_run) + "\n");
    }
    session.tell_damaged(report.damaged_records);
    print_verdicts(session, report);
    for (const std::string& path : report.skipped_repositories)
      session.note("skipped " + session.quote(path) + ": a repository of its own");
    if (session.common.verbose)
      for (const std::string& path : report.skipped_sockets) session.note("skipped " + session.quote(path) + ": a socket");
  }

  CheckpointManner manner_;
  CheckpointOptions& checkpoint_ = manner_.checkpoint;
  std::vector<std::string> words_;
  std::optional<std::string> paths_file_;
  std::optional<std::string> paused_;
  std::optional<std::int64_t> max_pause_ms_;
  bool keeps_policy_ = false;
};

}  // namespace

std::unique_ptr<Command> make_checkpoint() { return std::make_unique<CheckpointCommand>(); }

}  // namespace metamori::cmd
