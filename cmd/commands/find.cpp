#include <algorithm>

#include "cmd/commands.hpp"
#include "cmd/dates.hpp"
#include "cmd/exit_codes.hpp"
#include "cmd/json_render.hpp"
#include "cmd/progress.hpp"
#include "cmd/render.hpp"
#include "cmd/units.hpp"

namespace metamori::cmd {
namespace {

class FindCommand final : public Command {
 public:
  void describe(Options& options) override {
    options.rest("PATTERN", find_.patterns, "Paths to look for, in the syntax of gitignore; the last one that matches a path decides",
                 true);
    options.flag("--all", find_.all, "Look through safety checkpoints, too");
    options.flag("--oneline", oneline_, "One line a path: which checkpoints hold it, and in how many versions");
    options.flag("-z", nul_separated_, "The paths alone, raw, each ended by a NUL");
  }

  int run(Session& session) override {
    if (oneline_ && nul_separated_) throw Error(ErrorKind::usage, "--oneline and -z exclude each other");
    Repository repository = session.open();
    const FindReport report = with_progress(session, [&](const Control& control) {
      find_.control = control;
      return repository.find(find_);
    });
    if (session.json()) {
      write_json(session, report);
    } else {
      print(session, report);
    }
    return session.tell_damaged(report.damaged);
  }

 private:
  static void write_json(Session& session, const FindReport& report) {
    JsonReport json(session, "find");
    json->field("checkpoints", report.checkpoints);
    write_numbers(*json, "damaged", report.damaged);
    json->key("paths").begin_array();
    for (const FoundPath& found : report.paths) {
      json->begin_object().path("path", found.path).key("versions").begin_array();
      for (const FoundVersion& version : found.versions) write_version(*json, version);
      json->end_array().end_object();
    }
    json->end_array();
    json.end();
  }

  static void write_version(JsonWriter& json, const FoundVersion& version) {
    json.begin_object().field("number", version.number);
    write_id(json, "id", version.id);
    json.field("time", std::string_view(format_time(version.time))).field("time_unix", version.time.seconds);
    json.field("change", change_name(version.kind)).field("type", type_name(version.type)).key("size");
    if (version.size_bytes) {
      json.number(*version.size_bytes);
    } else {
      json.null();
    }
    json.key("held_by").begin_array();
    for (const NumberRange& range : version.held_by) json.begin_object().field("first", range.first).field("last", range.last).end_object();
    json.end_array().end_object();
  }

  void print(Session& session, const FindReport& report) const {
    for (const FoundPath& found : report.paths) {
      const std::string suffix = found.versions.back().type == NodeType::directory ? "/" : "";
      if (nul_separated_) {
        session.out.write(found.path + '\0');
      } else if (session.common.quiet) {
        session.out.print("{}\n", session.quote(found.path + suffix));
      } else if (oneline_) {
        session.out.print("{}  {}, {}\n", session.quote(found.path + suffix), all_ranges(found), count_versions(found));
      } else {
        session.out.print("{}\n", session.quote(found.path + suffix));
        for (const FoundVersion& version : found.versions) print_version(session, version);
      }
    }
    if (report.paths.empty()) session.note("nothing matches in " + format_count(report.checkpoints, "checkpoint", "checkpoints"));
  }

  static void print_version(Session& session, const FoundVersion& version) {
    session.out.print("  {:>7} {}  {}  {}", version.number, short_hex(version.id), format_time(version.time),
                      colored_change(session, version.kind, fmt::format("{:<8}", change_name(version.kind))));
    const std::string size = version.size_bytes ? session.size(*version.size_bytes) : "";
    if (!version.held_by.empty()) {
      session.out.print("  {:>10}  in {}", size, ranges(version.held_by));
    } else if (!size.empty()) {
      session.out.print("  {:>10}", size);
    }
    session.out.write("\n");
  }

  /// `1..9, 12`
  static std::string ranges(const std::vector<NumberRange>& list) {
    std::string out;
    for (const NumberRange& range : list) {
      out += (out.empty() ? "" : ", ") + std::to_string(range.first);
      if (range.last != range.first) out += ".." + std::to_string(range.last);
    }
    return out;
  }

  static std::string all_ranges(const FoundPath& found) {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    for (const FoundVersion& version : found.versions) {
      if (version.held_by.empty()) continue;
      first = first == 0 ? version.held_by.front().first : std::min(first, version.held_by.front().first);
      last = std::max(last, version.held_by.back().last);
    }
    return ranges({{first, last}});
  }

  static std::string count_versions(const FoundPath& found) {
    const auto count = std::count_if(found.versions.begin(), found.versions.end(),
                                     [](const FoundVersion& version) { return version.kind != ChangeKind::removed; });
    return format_count(static_cast<std::uint64_t>(count), "version", "versions");
  }

  FindOptions find_;
  bool oneline_ = false;
  bool nul_separated_ = false;
};

}  // namespace

std::unique_ptr<Command> make_find() { return std::make_unique<FindCommand>(); }

}  // namespace metamori::cmd
