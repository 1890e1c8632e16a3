#include "cmd/commands.hpp"
#include "cmd/exit_codes.hpp"
#include "cmd/json_render.hpp"
#include "cmd/progress.hpp"
#include "cmd/revision_path.hpp"
#include "cmd/text.hpp"

namespace metamori::cmd {
namespace {

std::string_view as_text(ByteView bytes) noexcept { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

class CatCommand final : public Command {
 public:
  void describe(Options& options) override {
    options.required("REV:PATH", word_, "A file of a checkpoint");
    options.size("--offset", offset_, "Start there");
    options.size("--length", length_, "Stop after so many bytes");
  }

  int run(Session& session) override {
    const RevisionPath what = split_revision_path(word_);
    if (!what.path) throw Error(ErrorKind::usage, "'" + word_ + "' names no file", "write " + word_ + ":path");
    Repository repository = session.open();
    const std::string path = revision_tree_path(repository, *what.path);
    if (session.json()) return write_json(session, repository, what.revision, path);
    StreamStatus status(session, "cat", "");
    repository.read(what.revision, path, offset_.value_or(0), length_, [&](ByteView bytes) {
      status.add(bytes.size());
      session.out.write(as_text(bytes));
    });
    return kExitOk;
  }

 private:
  /// The content as base64, as it comes. An error after the first bytes ends the object with a member `error`.
  int write_json(Session& session, Repository& repository, const std::string& revision, const std::string& path) const {
    StreamStatus status(session, "cat", "");
    std::optional<JsonReport> json;
    std::string left_over;  // base64 wants threes
    std::uint64_t length = 0;
    const auto begin = [&] {
      json.emplace(session, "cat");
      (*json)->path("path", path).field("offset", offset_.value_or(0)).key("content_b64").begin_raw_text();
    };
    const auto receive = [&](ByteView bytes) {
      if (!json) begin();
      length += bytes.size();
      status.add(bytes.size());
      left_over += as_text(bytes);
      const std::size_t whole = left_over.size() / 3 * 3;
      (*json)->raw_text(base64(std::string_view(left_over).substr(0, whole)));
      left_over.erase(0, whole);
    };
    const auto end_content = [&] { (*json)->raw_text(base64(left_over)).end_raw_text().field("length", length); };
    try {
      repository.read(revision, path, offset_.value_or(0), length_, receive);
      if (!json) begin();
      end_content();
      json->end();
      return kExitOk;
    } catch (const Error& error) {
      if (!json) throw;
      end_content();
      write_cause(**json, "error", with_hint(error, "cat"));
      json->end();
      return exit_code(error.kind());
    }
  }

  std::string word_;
  std::optional<std::uint64_t> offset_;
  std::optional<std::uint64_t> length_;
};

}  // namespace

std::unique_ptr<Command> make_cat() { return std::make_unique<CatCommand>(); }

}  // namespace metamori::cmd
