#include <algorithm>

#include "cmd/commands.hpp"
#include "cmd/exit_codes.hpp"
#include "cmd/json_render.hpp"
#include "cmd/progress.hpp"
#include "cmd/render.hpp"
#include "cmd/revision_path.hpp"
#include "cmd/units.hpp"

namespace metamori::cmd {
namespace {

double ratio(std::uint64_t larger, std::uint64_t smaller) noexcept {
  return smaller == 0 ? 0 : static_cast<double>(larger) / static_cast<double>(smaller);
}

class StatsCommand final : public Command {
 public:
  void describe(Options& options) override {
    options.optional("REV[:PATH]", word_, "A checkpoint, or something in it (default: the whole repository)");
    options.flag("--by-checkpoint", stats_.by_checkpoint, "What each checkpoint alone holds: what forgetting it would free");
    options.flag("--by-path", stats_.by_path, "What takes space, by path: in all checkpoints, or in REV");
    options.number("--depth", "N", depth_, "With --by-path: how deep the paths are (default: 1)");
    options.number("-n,--max", "N", max_, "Show at most so many rows of --by-checkpoint and --by-path");
  }

  int run(Session& session) override {
    if (depth_ > 0 && !stats_.by_path) throw Error(ErrorKind::usage, "--depth goes with --by-path");
    if (depth_ > 0) stats_.depth = depth_;
    if (max_ > 0 && !stats_.by_path && !stats_.by_checkpoint) throw Error(ErrorKind::usage, "--max goes with --by-path or --by-checkpoint");
    Repository repository = session.open();
    if (word_) {
      const RevisionPath what = split_revision_path(*word_);
      stats_.revision = what.revision;
      if (what.path) stats_.path = revision_tree_path(repository, *what.path);
    }
    StatsReport report = with_progress(session, [&](const Control& control) {
      stats_.control = control;
      return repository.stats(stats_);
    });
    if (max_ > 0 && report.by_checkpoint.size() > max_) report.by_checkpoint.resize(max_);
    if (max_ > 0 && report.by_path.size() > max_) report.by_path.resize(max_);
    if (session.json()) {
      write_json(session, report);
    } else {
      print(session, report);
    }
    return session.tell_damaged(report.damaged);
  }

 private:
  static void write_amount(JsonWriter& json, std::string_view name, const StatsAmount& amount, bool has_logical) {
    json.key(name).begin_object();
    if (has_logical) json.field("logical", amount.logical);
    json.field("unique", amount.unique).field("stored", amount.stored).field("chunks", amount.chunks).end_object();
  }

  void write_json(Session& session, const StatsReport& report) const {
    JsonReport json(session, "stats");
    json->field("checkpoints", report.checkpoints).field("lines", report.lines);
    json->field("safety_checkpoints", report.safety_checkpoints).field("forgotten", report.forgotten);
    json->field("packs", report.packs).field("pack_bytes", report.pack_bytes).field("record_bytes", report.record_bytes);
    write_amount(*json, "files", report.files, true);
    write_amount(*json, "structure", report.structure, false);
    write_amount(*json, "unused", report.unused, false);
    json->field("deduplication", ratio(report.files.logical, report.files.unique));
    json->field("compression", ratio(report.files.unique, report.files.stored));
    write_numbers(*json, "damaged", report.damaged);
    if (report.checkpoint) {
      json->key("checkpoint").begin_object();
      write_id(*json, "id", report.checkpoint->checkpoint.id);
      json->field("number", report.checkpoint->checkpoint.number).path("path", stats_.path);
      write_amount(*json, "whole", report.checkpoint->whole, true);
      write_amount(*json, "only_here", report.checkpoint->only_here, false);
      json->end_object();
    }
    if (stats_.by_checkpoint) {
      json->key("by_checkpoint").begin_array();
      for (const CheckpointStats& each : report.by_checkpoint) {
        json->begin_object();
        write_id(*json, "id", each.checkpoint.id);
        json->field("number", each.checkpoint.number).field("bytes_total", each.whole.logical);
        write_amount(*json, "only_here", each.only_here, false);
        json->end_object();
      }
      json->end_array();
    }
    if (stats_.by_path) write_paths_of(*json, report);
    json.end();
  }

  static void write_paths_of(JsonWriter& json, const StatsReport& report) {
    json.key("by_path").begin_array();
    for (const PathStats& each : report.by_path) {
      json.begin_object().path("path", each.path).field("versions", each.versions);
      write_amount(json, "amount", each.amount, true);
      json.end_object();
    }
    json.end_array();
  }

  void print(Session& session, const StatsReport& report) const {
    if (report.checkpoint) {
      print_checkpoint(session, *report.checkpoint);
    } else if (!stats_.by_checkpoint && !stats_.by_path) {
      print_repository(session, report);
    }
    if (stats_.by_checkpoint) print_by_checkpoint(session, report);
    if (stats_.by_checkpoint && stats_.by_path && !session.common.quiet) session.out.write("\n");
    if (stats_.by_path) print_by_path(session, report);
  }

  static void print_by_checkpoint(Session& session, const StatsReport& report) {
    if (!session.common.quiet) session.out.print("{:>10}  {:>10}  {}\n", "ONLY HERE", "WHOLE", "CHECKPOINT");
    for (const CheckpointStats& each : report.by_checkpoint)
      session.out.print("{:>10}  {:>10}  {}{}{}\n", session.size(each.only_here.stored), session.size(each.whole.logical),
                        session.colored("33", checkpoint_name(each.checkpoint)), decorations(session, each.checkpoint, nullptr),
                        each.checkpoint.message.empty() ? "" : " " + subject(session, each.checkpoint));
  }

  static void print_by_path(Session& session, const StatsReport& report) {
    if (!session.common.quiet) session.out.print("{:>10}  {:>10}  {:>8}  {}\n", "STORED", "LOGICAL", "VERSIONS", "PATH");
    for (const PathStats& each : report.by_path)
      session.out.print("{:>10}  {:>10}  {:>8}  {}\n", session.size(each.amount.stored), session.size(each.amount.logical), each.versions,
                        each.path.empty() ? "." : session.quote(each.path));
  }

  static void print_repository(Session& session, const StatsReport& report) {
    Output& out = session.out;
    out.print("Checkpoints: {} on {}; {}, {} forgotten\n", report.checkpoints, format_count(report.lines, "line", "lines"),
              format_count(report.safety_checkpoints, "safety checkpoint", "safety checkpoints"), report.forgotten);
    out.print("Files:       {} logical, {} unique, {} stored\n", session.size(report.files.logical), session.size(report.files.unique),
              session.size(report.files.stored));
    out.print("Structure:   {} unique, {} stored\n", session.size(report.structure.unique), session.size(report.structure.stored));
    if (report.files.stored > 0)
      out.print("Ratios:      {:.1f} by deduplication, {:.1f} by compression, {:.1f} together\n",
                ratio(report.files.logical, report.files.unique), ratio(report.files.unique, report.files.stored),
                ratio(report.files.logical, report.files.stored));
    out.print("Packs:       {} with {}, {}\n", report.packs,
              format_count(report.files.chunks + report.structure.chunks + report.unused.chunks, "chunk", "chunks"),
              session.size(report.pack_bytes));
    out.print("Records:     {}\n", session.size(report.record_bytes));
    out.print("Unused:      {} stored in {}\n", session.size(report.unused.stored), format_count(report.unused.chunks, "chunk", "chunks"));
  }

  void print_checkpoint(Session& session, const CheckpointStats& stats) const {
    Output& out = session.out;
    out.print("{}\n", session.colored("33", "checkpoint " + checkpoint_name(stats.checkpoint)) +
                          (stats_.path.empty() ? "" : ", " + session.quote(stats_.path)));
    out.print("Whole:     {} logical, {} unique, {} stored in {}\n", session.size(stats.whole.logical), session.size(stats.whole.unique),
              session.size(stats.whole.stored), format_count(stats.whole.chunks, "chunk", "chunks"));
    out.print("Only here: {} unique, {} stored in {}\n", session.size(stats.only_here.unique), session.size(stats.only_here.stored),
              format_count(stats.only_here.chunks, "chunk", "chunks"));
  }

  StatsOptions stats_;
  std::optional<std::string> word_;
  std::uint32_t depth_ = 0;  ///< 0: not given
  std::uint64_t max_ = 0;    ///< 0: all
};

}  // namespace

std::unique_ptr<Command> make_stats() { return std::make_unique<StatsCommand>(); }

}  // namespace metamori::cmd
