#include <algorithm>
#include <ctime>

#include "cmd/commands.hpp"
#include "cmd/dates.hpp"
#include "cmd/exit_codes.hpp"
#include "cmd/graph_drawing.hpp"
#include "cmd/json_render.hpp"
#include "cmd/log_format.hpp"
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

/// Calls `take(line)` for each line of `text`, without its end.
template <class Take>
void for_each_line(std::string_view text, Take take) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    take(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

class LogCommand final : public Command {
 public:
  void describe(Options& options) override {
    options.optional("REV|A..B", revision_, "Where to start, or a range A..B (default: HEAD)");
    options.after_dashes("PATH", words_, "Only checkpoints that changed one of these, also under an earlier name");
    options.number("-n,--max", "N", log_.limit, "Show at most this many");
    options.flag("--oneline", oneline_, "One line each");
    options.text("--format", "FORMAT", format_, "Show each as FORMAT says: '%# %h %ad %s', see the manual");
    options.flag("-z", nul_separated_, "With --format: texts as they are, each checkpoint ended by a NUL");
    options.flag("--graph", log_.ancestry, "Draw lines of descent beside the list");
    options.flag("--all", log_.all, "All lines, and safety checkpoints");
    options.flag("--stat", stat_, "Also show what changed against the parent");
    options.flag("--no-follow", no_follow_, "With PATH: under these names alone");
    options.text("--since", "WHEN", since_, "Only from then on");
    options.text("--until", "WHEN", until_, "Only up to then");
    options.texts("--meta", "K=V", metadata_, "Only with this key and value; may be repeated");
  }

  int run(Session& session) override {
    check_options(session);
    if (since_) log_.since_seconds = moment("--since", *since_);
    if (until_) log_.until_seconds = moment("--until", *until_);
    log_.metadata = parse_metadata(metadata_);
    log_.follow = !no_follow_;
    Repository repository = session.open();
    log_.paths = tree_paths(repository, words_);
    if (revision_) log_.from = *revision_;
    const std::optional<CheckpointInfo> head = find_head(repository);
    try {
      if (log_.all) damaged_ = repository.damaged_records();
      if (session.json()) {
        write_json(session, repository);
      } else {
        print_all(session, repository, head ? &*head : nullptr);
      }
    } catch (const Error& error) {
      rethrow_for_revisions(error, {revision_});
    }
    return session.tell_damaged(damaged_);
  }

 private:
  void check_options(const Session& session) const {
    if (format_ && oneline_) throw Error(ErrorKind::usage, "--format and --oneline exclude each other");
    if (format_ && session.json()) throw Error(ErrorKind::usage, "--format and --json exclude each other");
    if (nul_separated_ && (!format_ || stat_ || log_.ancestry))
      throw Error(ErrorKind::usage, "-z goes with --format, without --stat and --graph");
    if (no_follow_ && words_.empty()) throw Error(ErrorKind::usage, "--no-follow goes with paths");
  }

  /// Nothing before the first checkpoint, and if it is damaged but is not where to start.
  [[nodiscard]] std::optional<CheckpointInfo> find_head(Repository& repository) const {
    try {
      return repository.resolve("HEAD");
    } catch (const Error& error) {
      const bool is_needed = !log_.all && !revision_;
      if (error.kind() != ErrorKind::bad_revision && (error.kind() != ErrorKind::corrupt || is_needed)) throw;
      return std::nullopt;
    }
  }

  [[nodiscard]] std::optional<DiffReport> changes(Repository& repository, const LogEntry& entry) const {
    const CheckpointInfo& info = entry.checkpoint;
    const auto before = stat_ && !info.is_forgotten ? previous_of(repository, info) : std::nullopt;
    if (!before) return std::nullopt;
    DiffOptions options;
    options.from = *before;
    options.to = to_hex(info.id);
    for (const PathChange& change : entry.changes) {
      options.paths.push_back(change.path);
      if (change.from) options.paths.push_back(*change.from);
    }
    return repository.diff(options);
  }

  /// All is looked up before anything is written: an error can't cut the object short.
  void write_json(Session& session, Repository& repository) const {
    std::vector<std::pair<LogEntry, std::optional<DiffReport>>> entries;
    StreamStatus status(session, "log", "checkpoints");
    const auto keep = [&](const LogEntry& entry) {
      status.add(1);
      entries.emplace_back(entry, changes(repository, entry));
      return true;
    };
    repository.log(log_, keep);
    JsonReport json(session, "log");
    json->key("checkpoints").begin_array();
    for (const auto& [entry, report] : entries) write_entry(*json, entry, report);
    json->end_array();
    if (log_.all) write_numbers(*json, "damaged", damaged_);
    json.end();
  }

  void write_entry(JsonWriter& json, const LogEntry& entry, const std::optional<DiffReport>& report) const {
    json.begin_object();
    write_checkpoint_members(json, entry.checkpoint);
    if (!log_.paths.empty()) {
      json.key("paths").begin_array();
      for (const PathChange& change : entry.changes) {
        json.begin_object().path("path", change.path).field("change", change_name(change.kind));
        if (change.from) json.path("from", *change.from);
        json.end_object();
      }
      json.end_array();
    }
    if (log_.ancestry) {
      json.key("ancestors").begin_array();
      for (const std::uint64_t number : entry.ancestors) json.number(number);
      json.end_array();
    }
    if (report) {
      json.key("diff").begin_object();
      write_diff_members(json, *report);
      json.end_object();
    }
    json.end_object();
  }

  void print_all(Session& session, Repository& repository, const CheckpointInfo* head) const {
    std::optional<LogFormat> format;
    if (format_) format.emplace(*format_);
    const FormatContext context{session, repository, head, ::time(nullptr), nul_separated_};
    GraphDrawing graph;
    bool is_first = true;
    StreamStatus status(session, "log", "checkpoints");
    repository.log(log_, [&](const LogEntry& entry) {
      status.add(1);
      std::string text;
      if (format) {
        text = format->render(entry, context) + (nul_separated_ ? '\0' : '\n');
      } else if (oneline_) {
        text = one_line(session, entry.checkpoint, head);
      } else {
        text = whole(session, entry, head);
      }
      if (const auto report = changes(repository, entry)) text += (oneline_ ? "" : "\n") + diff_stat(session, *report);
      const bool has_gaps = !oneline_ && !format;
      if (log_.ancestry) {
        print_with_graph(session, graph, entry, has_gaps ? text + "\n" : text);
      } else {
        if (has_gaps && !is_first) session.out.write("\n");
        session.out.write(text);
      }
      is_first = false;
      return true;
    });
  }

  static void print_with_graph(Session& session, GraphDrawing& graph, const LogEntry& entry, std::string_view text) {
    const char mark = entry.checkpoint.is_safety ? 'o' : '*';
    const GraphDrawing::Rows rows = graph.add(entry.checkpoint.number, entry.ancestors, mark);
    const std::string* prefix = &rows.first;
    for_each_line(text, [&](std::string_view line) {
      std::string row = *prefix + std::string(line);
      row.erase(row.find_last_not_of(' ') + 1);
      session.out.print("{}\n", row);
      prefix = &rows.further;
    });
    for (std::string row : rows.joins) {
      row.erase(row.find_last_not_of(' ') + 1);
      session.out.print("{}\n", row);
    }
  }

  static std::string one_line(const Session& session, const CheckpointInfo& info, const CheckpointInfo* head) {
    const std::string message = subject(session, info);
    return fmt::format("{}{}{}{}\n", session.colored("33", checkpoint_name(info)), session.colored("36", decorations(session, info, head)),
                       message.empty() ? "" : " ", message);
  }

  static std::string whole(const Session& session, const LogEntry& entry, const CheckpointInfo* head) {
    const CheckpointInfo& info = entry.checkpoint;
    std::string text = fmt::format("{}{}\nDate:   {}\n", session.colored("33", "checkpoint " + checkpoint_name(info)),
                                   session.colored("36", decorations(session, info, head)), format_time(info.time));
    for (const auto& [key, value] : info.metadata) text += fmt::format("Meta:   {}={}\n", key, session.safe_text(value));
    text += fmt::format("Size:   {} new of {} in {}\n", session.size(info.bytes_added), session.size(info.bytes_total),
                        format_count(info.files, "file", "files"));
    for (const PathChange& change : entry.changes)
      text += fmt::format("Path:   {} {}{}\n", change_letter(change.kind), change.from ? session.quote(*change.from) + " -> " : "",
                          session.quote(change.path));
    const std::string message = message_block(session, info);
    return message.empty() ? text : text + '\n' + message;
  }

  LogOptions log_;
  std::vector<std::uint64_t> damaged_;
  std::optional<std::string> revision_;
  std::vector<std::string> words_;
  std::vector<std::string> metadata_;
  std::optional<std::string> since_;
  std::optional<std::string> until_;
  std::optional<std::string> format_;
  bool nul_separated_ = false;
  bool no_follow_ = false;
  bool oneline_ = false;
  bool stat_ = false;
};

}  // namespace

std::unique_ptr<Command> make_log() { return std::make_unique<LogCommand>(); }

}  // namespace metamori::cmd
