#include <unistd.h>

#include <ctime>

#include "cmd/commands.hpp"
#include "cmd/dates.hpp"
#include "cmd/exit_codes.hpp"
#include "cmd/input.hpp"
#include "cmd/json_render.hpp"
#include "cmd/metadata.hpp"
#include "cmd/progress.hpp"
#include "cmd/render.hpp"
#include "cmd/restore_report.hpp"
#include "cmd/units.hpp"
#include "metamori/archive.hpp"

namespace metamori::cmd {
namespace {

class ImportCommand final : public Command {
 public:
  void describe(Options& options) override {
    options.optional("FILE", file_, "The archive, plain or compressed (default, and '-': standard input)");
    options.text("-m,--message", "MSG", import_.message, "What to remember it by");
    options.texts("--meta", "K=V", metadata_, "Note this with it; may be repeated");
    options.texts("--tag", "T", import_.tags, "Name the checkpoint; may be repeated");
  }

  int run(Session& session) override {
    import_.metadata = parse_metadata(metadata_);
    import_.author = author_of(session.environment);
    import_.utc_offset_minutes = utc_offset_minutes(::time(nullptr));
    const std::string file = file_.value_or("-");
    if (file == "-" && ::isatty(STDIN_FILENO) != 0)
      throw Error(ErrorKind::usage, "an archive is nothing to be typed", "name a file: 'metamori import job.tar', or pipe it in");
    Repository repository = session.open();
    InputDescriptor input(file);
    const ImportReport report = with_progress(session, [&](const Control& control) {
      import_.control = control;
      return import_archive(repository, import_, [&](std::byte* buffer, std::size_t size) { return input.read(buffer, size); });
    });
    if (session.json()) {
      write_json(session, report);
    } else {
      const CheckpointInfo& info = report.checkpoint;
      if (session.common.quiet) {
        session.out.print("{}\n", to_hex(info.id));
      } else {
        session.out.print("imported as checkpoint {} ({}): {} of {}, {} added, {}\n", checkpoint_name(info), session.quote(info.line),
                          format_count(info.files, "file", "files"), session.size(info.bytes_total), session.size(report.bytes_added),
                          format_seconds(report.seconds));
      }
      warn_of(session, report.warnings);
    }
    return report.warnings.empty() ? kExitOk : kExitLosses;
  }

 private:
  void write_json(Session& session, const ImportReport& report) const {
    JsonReport json(session, "import");
    const CheckpointInfo& info = report.checkpoint;
    write_name(*json, info);
    json->field("line", std::string_view(info.line)).field("sha256", std::string_view(to_hex(info.root)));
    json->field("files", info.files).field("bytes_total", info.bytes_total);
    json->field("bytes_read", report.bytes_read).field("bytes_added", report.bytes_added);
    json->key("tags").begin_array();
    for (const std::string& tag : info.tags) json->text(tag);
    json->end_array();
    write_warnings(*json, report.warnings);
    json->field("seconds", report.seconds);
    json.end();
  }

  ImportOptions import_;
  std::optional<std::string> file_;
  std::vector<std::string> metadata_;
};

}  // namespace

std::unique_ptr<Command> make_import() { return std::make_unique<ImportCommand>(); }

}  // namespace metamori::cmd
