#include <ctime>

#include "cmd/commands.hpp"
#include "cmd/dates.hpp"
#include "cmd/exit_codes.hpp"
#include "cmd/json_render.hpp"
#include "cmd/metadata.hpp"
#include "cmd/progress.hpp"
#include "cmd/render.hpp"
#include "cmd/revision_path.hpp"
#include "cmd/units.hpp"

namespace metamori::cmd {
namespace {

std::int64_t moment(const char* option, const std::string& text) {
  const auto seconds = parse_when(text, ::time(nullptr));
  if (!seconds) Options::throw_bad_value(option, text, "a moment such as 2026-03-01, '2026-03-01 12:30', yesterday or '2 hours ago'");
  return *seconds;
}

class LogCommand final : public Command {
 public:
  void describe(Options& options) override {
    options.optional("REV", revision_, "Where to start (default: HEAD)");
    options.after_dashes("PATH", words_, "Only checkpoints that changed one of these");
    options.number("-n,--max", "N", log_.limit, "Show at most this many");
    options.flag("--oneline", oneline_, "One line each");
    options.flag("--all", log_.all, "All lines, and safety checkpoints");
    options.flag("--stat", stat_, "Also show what changed against the parent");
    options.text("--since", "WHEN", since_, "Only from then on");
    options.text("--until", "WHEN", until_, "Only up to then");
    options.texts("--meta", "K=V", metadata_, "Only with this key and value; may be repeated");
  }

  int run(Session& session) override {
    log_.metadata = parse_metadata(metadata_);
    if (since_) log_.since_seconds = moment("--since", *since_);
    if (until_) log_.until_seconds = moment("--until", *until_);
    Repository repository = session.open();
    log_.paths = tree_paths(repository, words_);
    if (revision_) log_.from = *revision_;
    const std::optional<CheckpointInfo> head = find_head(repository);
    // Without any checkpoint there is no HEAD to start from: an empty list, not an error.
    std::vector<CheckpointInfo> list;
    try {
      if (head || revision_ || log_.all) list = repository.log(log_);
    } catch (const Error& error) {
      rethrow_for_revisions(error, {revision_});
    }
    if (session.json()) {
      write_json(session, repository, list);
    } else {
      print_all(session, repository, list, head ? &*head : nullptr);
    }
    return kExitOk;
  }

 private:
  static std::optional<CheckpointInfo> find_head(Repository& repository) {
    try {
      return repository.resolve("HEAD");
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::bad_revision) throw;
      return std::nullopt;
    }
  }

  [[nodiscard]] std::optional<DiffReport> changes(Repository& repository, const CheckpointInfo& info) const {
    if (!stat_ || info.parents.empty()) return std::nullopt;
    DiffOptions options;
    options.from = to_hex(info.parents.front());
    options.to = to_hex(info.id);
    options.paths = log_.paths;
    return repository.diff(options);
  }

  void write_json(Session& session, Repository& repository, const std::vector<CheckpointInfo>& list) const {
    JsonReport json(session, "log");
    json->key("checkpoints").begin_array();
    for (const CheckpointInfo& info : list) {
      json->begin_object();
      write_checkpoint_members(*json, info);
      if (const auto report = changes(repository, info)) {
        json->key("diff").begin_object();
        write_diff_members(*json, *report);
        json->end_object();
      }
      json->end_object();
    }
    json->end_array();
    json.end();
  }

  void print_all(Session& session, Repository& repository, const std::vector<CheckpointInfo>& list, const CheckpointInfo* head) const {
    bool is_first = true;
    for (const CheckpointInfo& info : list) {
      if (oneline_) {
        const std::string message = subject(session, info);
        session.out.print("{}{}{}{}\n", session.colored("33", checkpoint_name(info)),
                          session.colored("36", decorations(session, info, head)), message.empty() ? "" : " ", message);
      } else {
        if (!is_first) session.out.write("\n");
        print_one(session, info, head);
      }
      is_first = false;
      if (const auto report = changes(repository, info)) {
        if (!oneline_) session.out.write("\n");
        print_diff_stat(session, *report);
      }
    }
  }

  static void print_one(Session& session, const CheckpointInfo& info, const CheckpointInfo* head) {
    session.out.print("{}{}\n", session.colored("33", "checkpoint " + checkpoint_name(info)),
                      session.colored("36", decorations(session, info, head)));
    session.out.print("Date:   {}\n", format_time(info.time));
    for (const auto& [key, value] : info.metadata) session.out.print("Meta:   {}={}\n", key, session.safe_text(value));
    session.out.print("Size:   {} new of {} in {}\n", session.size(info.bytes_added), session.size(info.bytes_total),
                      format_count(info.files, "file", "files"));
    if (info.message.empty()) return;
    session.out.write("\n");
    std::string_view rest = info.message;
    while (rest.ends_with('\n')) rest.remove_suffix(1);
    while (true) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      session.out.print("    {}\n", session.safe_text(rest.substr(0, end)));
      if (end == rest.size()) break;
      rest.remove_prefix(end + 1);
    }
  }

  LogOptions log_;
  std::optional<std::string> revision_;
  std::vector<std::string> words_;
  std::vector<std::string> metadata_;
  std::optional<std::string> since_;
  std::optional<std::string> until_;
  bool oneline_ = false;
  bool stat_ = false;
};

}  // namespace

std::unique_ptr<Command> make_log() { return std::make_unique<LogCommand>(); }

}  // namespace metamori::cmd
