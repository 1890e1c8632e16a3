#include "metamori/copy.hpp"

#include "cmd/commands.hpp"
#include "cmd/dates.hpp"
#include "cmd/exit_codes.hpp"
#include "cmd/json_render.hpp"
#include "cmd/progress.hpp"
#include "cmd/render.hpp"
#include "cmd/units.hpp"

namespace metamori::cmd {
namespace {

std::string_view found_name(CopyFound found) {
  switch (found) {
    case CopyFound::whole:
      return "whole";
    case CopyFound::forgotten:
      return "forgotten";
    case CopyFound::nothing:
      break;
  }
  return "nothing";
}

class CopyCommand final : public Command {
 public:
  void describe(Options& options) override {
    options.required("REPO", other_, "The other repository: a .metamori directory, or one that holds it");
    options.rest("REV|A..B", copy_.revisions, "Copy these; A..B names several (default: all)");
    options.flag("--from", takes_, "Take them from REPO into this repository");
    options.flag("--init", makes_, "Make a repository in the directory REPO if it has none");
    options.flag("-n,--dry-run", copy_.dry_run, "Only tell what would be copied");
  }

  int run(Session& session) override {
    if (takes_ && makes_) throw Error(ErrorKind::usage, "--init makes the repository that is copied to: it does not go with --from");
    Repository here = session.open();
    Repository other = open_other();
    const CopyReport report = with_progress(session, [&](const Control& control) {
      copy_.control = control;
      return takes_ ? copy(other, here, copy_) : copy(here, other, copy_);
    });
    if (session.json()) {
      write_json(session, report);
    } else if (!session.common.quiet) {
      print(session, report);
    }
    for (const std::string& name : report.tags_left)
      session.note("the tag " + session.quote(name) + " is another checkpoint's there, and was left out");
    return kExitOk;
  }

 private:
  Repository open_other() const {
    OpenOptions options;
    options.repository_dir = other_;
    try {
      return Repository::open(options);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::no_repository || takes_) throw;
      if (!makes_ || copy_.dry_run)
        throw Error(ErrorKind::no_repository, error.what(), "to make one there: 'metamori copy --init'", error.path());
    }
    InitOptions options_to_make;
    options_to_make.directory = other_;
    return Repository::init(options_to_make);
  }

  void write_json(Session& session, const CopyReport& report) const {
    JsonReport json(session, "copy");
    json->field("dry_run", copy_.dry_run).field("copied", report.copied).field("ancestors", report.ancestors);
    json->field("chunks_copied", report.chunks_copied).field("bytes_read", report.bytes_read).field("bytes_added", report.bytes_added);
    json->key("checkpoints").begin_array();
    for (const CopiedCheckpoint& item : report.checkpoints) {
      json->begin_object();
      write_name(*json, item.source);
      json->key("number_there");
      if (item.number == 0) {
        json->null();
      } else {
        json->number(item.number);
      }
      json->field("found", found_name(item.found)).field("copied", item.is_copied);
      json->end_object();
    }
    json->end_array().key("tags_left").begin_array();
    for (const std::string& name : report.tags_left) json->text(name);
    json->end_array().field("seconds", report.seconds);
    json.end();
  }

  void print(Session& session, const CopyReport& report) const {
    Output& out = session.out;
    std::uint64_t there = 0;
    for (const CopiedCheckpoint& item : report.checkpoints) {
      if (item.found == CopyFound::whole) ++there;
      if (!item.is_copied && item.found != CopyFound::forgotten) continue;
      const std::string number = item.number == 0 ? "-" : std::to_string(item.number);
      out.print("{} {:>5} -> {:>5}  {}  {}  {}\n", item.is_copied ? "copy     " : "forgotten", item.source.number, number,
                short_hex(item.source.id), format_time(item.source.time), subject(session, item.source));
    }
    out.print("{} {}copied", format_count(report.copied, "checkpoint", "checkpoints"), copy_.dry_run ? "would be " : "");
    if (there > 0) out.print(", {} there already", there);
    if (report.ancestors > 0) out.print(", {} known as ancestors alone", report.ancestors);
    out.print("; {}, {} {}\n", format_count(report.chunks_copied, "chunk", "chunks"),
              session.size(copy_.dry_run ? report.bytes_read : report.bytes_added), copy_.dry_run ? "to read" : "added");
  }

  std::string other_;
  bool takes_ = false;
  bool makes_ = false;
  CopyOptions copy_;
};

}  // namespace

std::unique_ptr<Command> make_copy() { return std::make_unique<CopyCommand>(); }

}  // namespace metamori::cmd
