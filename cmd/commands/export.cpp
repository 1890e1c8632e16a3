#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "cmd/commands.hpp"
#include "cmd/exit_codes.hpp"
#include "cmd/json_render.hpp"
#include "cmd/progress.hpp"
#include "cmd/render.hpp"
#include "cmd/restore_report.hpp"
#include "cmd/units.hpp"
#include "metamori/archive.hpp"

namespace metamori::cmd {
namespace {

/// A file that appears under its name when it is whole; before that it has another, and goes if nobody finishes it. What exists and is no
/// regular file (a pipe, a device) is written to as it is.
class NewFile {
 public:
  explicit NewFile(const std::string& path) : path_(behind_links(path)) {
    struct stat found {};
    is_direct_ = ::stat(path_.c_str(), &found) == 0 && !S_ISREG(found.st_mode);
    working_ = is_direct_ ? path_ : path_ + ".part";
    const int how = is_direct_ ? 0 : O_CREAT | O_TRUNC | O_NOFOLLOW;
    descriptor_ = ::open(working_.c_str(), O_WRONLY | O_CLOEXEC | how, 0666);
    if (descriptor_ < 0) fail(is_direct_ ? "open" : "create", working_);
  }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  ~NewFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
    if (!is_direct_ && !is_finished_) ::unlink(working_.c_str());
  }
  void write(ByteView bytes) {
    while (!bytes.empty()) {
      const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail("write", working_);
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
  }
  void finish() {
    if (!is_direct_ && ::fsync(descriptor_) != 0) fail("sync", working_);
    const int descriptor = descriptor_;
    descriptor_ = -1;
    if (::close(descriptor) != 0) fail("close", working_);
    if (!is_direct_ && std::rename(working_.c_str(), path_.c_str()) != 0) fail("rename to", path_);
    is_finished_ = true;
  }

 private:
  /// Where a symbolic link leads, so that what it leads to is replaced and the link stays.
  static std::string behind_links(const std::string& path) {
    constexpr int kLinksMax = 40;
    std::filesystem::path result = path;
    std::error_code none;
    for (int i = 0; i < kLinksMax && std::filesystem::is_symlink(result, none); ++i)
      result = result.parent_path() / std::filesystem::read_symlink(result, none);
    return result.string();
  }
  [[noreturn]] static void fail(const char* action, const std::string& path) {
    const int error = errno;
    const bool is_full = error == ENOSPC || error == EDQUOT;
    throw Error(is_full ? ErrorKind::no_space : ErrorKind::io,
                std::string(action) + " '" + path + "': " + std::generic_category().message(error), {}, path);
  }
  std::string path_, working_;
  int descriptor_ = -1;
  bool is_direct_ = false;
  bool is_finished_ = false;
};

class ExportCommand final : public Command {
 public:
  void describe(Options& options) override {
    options.required("REV", export_.revision, "The checkpoint");
    options.rest("PATH", words_, "Only these, with all below them");
    options.text("-o,--output", "FILE", file_, "Write to FILE instead of standard output");
    options.text("--prefix", "DIR", export_.prefix, "Put this before each path in the archive");
  }

  int run(Session& session) override {
    if (!file_ && session.out_columns != 0)
      throw Error(ErrorKind::usage, "an archive is nothing for a terminal",
                  "name a file: 'metamori export -o job.tar', or pipe it somewhere");
    if (!file_ && session.json())
      throw Error(ErrorKind::usage, "standard output can't be both the archive and JSON",
                  "name a file: 'metamori export -o job.tar --json'");
    Repository repository = session.open();
    export_.paths = tree_paths(repository, words_);
    const ExportReport report = file_ ? to_file(session, repository) : to_output(session, repository);
    if (session.json()) {
      write_json(session, report);
    } else {
      if (file_ && !session.common.quiet)
        session.out.print("exported checkpoint {} to {}: {}, {}, {}\n", checkpoint_name(report.checkpoint), session.quote(*file_),
                          format_count(report.entries, "name", "names"), session.size(report.bytes), format_seconds(report.seconds));
      warn_of(session, report.warnings);
    }
    return report.warnings.empty() ? kExitOk : kExitLosses;
  }

 private:
  ExportReport to_file(Session& session, Repository& repository) {
    NewFile file(*file_);
    const ExportReport report = with_progress(session, [&](const Control& control) {
      export_.control = control;
      return export_archive(repository, export_, [&](ByteView bytes) { file.write(bytes); });
    });
    file.finish();
    return report;
  }
  ExportReport to_output(Session& session, Repository& repository) {
    StreamStatus status(session, "export", "");
    return export_archive(repository, export_, [&](ByteView bytes) {
      status.add(bytes.size());
      session.out.write({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    });
  }
  void write_json(Session& session, const ExportReport& report) const {
    JsonReport json(session, "export");
    write_name(*json, report.checkpoint);
    json->path("file", *file_).field("entries", report.entries).field("bytes", report.bytes);
    write_warnings(*json, report.warnings);
    json->field("seconds", report.seconds);
    json.end();
  }

  ExportOptions export_;
  std::vector<std::string> words_;
  std::optional<std::string> file_;
};

}  // namespace

std::unique_ptr<Command> make_export() { return std::make_unique<ExportCommand>(); }

}  // namespace metamori::cmd
