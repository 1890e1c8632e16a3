#include "cmd/commands.hpp"
#include "cmd/dates.hpp"
#include "cmd/exit_codes.hpp"
#include "cmd/json_render.hpp"
#include "cmd/progress.hpp"
#include "cmd/render.hpp"
#include "cmd/revision_path.hpp"

namespace metamori::cmd {
namespace {

class LsCommand final : public Command {
 public:
  void describe(Options& options) override {
    options.optional("REV[:PATH]", word_, "A checkpoint, or a directory or file in it (default: HEAD)");
    options.flag("-l,--long", long_, "Also mode, owner, size and date");
    options.flag("-R,--recursive", recursive_, "All below, too");
    options.flag("-z", nul_separated_, "Raw paths, each ended by a NUL");
  }

  int run(Session& session) override {
    const RevisionPath what = split_revision_path(word_.value_or("HEAD"));
    Repository repository = session.open();
    const std::string path = what.path ? revision_tree_path(repository, *what.path) : std::string();
    if (session.json()) return write_json(session, repository, what.revision, path);
    const std::string prefix = path.empty() ? path : path + "/";
    StreamStatus status(session, "ls", "names");
    repository.list(what.revision, path, recursive_, [&](const NodeInfo& node) {
      status.add(1);
      print(session, node, prefix);
    });
    return kExitOk;
  }

 private:
  /// Written as it comes: a checkpoint may hold more names than memory. An error on the way ends the object early, with a member `error`,
  /// and is thrown on as usual where nothing has been written yet.
  int write_json(Session& session, Repository& repository, const std::string& revision, const std::string& path) const {
    StreamStatus status(session, "ls", "names");
    std::optional<JsonReport> json;
    const auto begin = [&] {
      json.emplace(session, "ls");
      (*json)->path("path", path).key("entries").begin_array();
    };
    try {
      repository.list(revision, path, recursive_, [&](const NodeInfo& node) {
        if (!json) begin();
        status.add(1);
        write_node(**json, node);
      });
      if (!json) begin();
      (*json)->end_array();
      json->end();
      return kExitOk;
    } catch (const Error& error) {
      if (!json) throw;
      (*json)->end_array();
      write_cause(**json, "error", with_hint(error, "ls"));
      json->end();
      return exit_code(error.kind());
    }
  }

  void print(Session& session, const NodeInfo& node, std::string_view prefix) const {
    std::string_view shown = node.path;
    if (shown.starts_with(prefix)) shown.remove_prefix(prefix.size());
    if (long_) {
      const std::string user = node.user.empty() ? std::to_string(node.uid) : session.safe_text(node.user);
      const std::string group = node.group.empty() ? std::to_string(node.gid) : session.safe_text(node.group);
      session.out.print("{}{} {:<8} {:<8} {:>10} {} ", mode_text(node.type, node.mode), node.attribute_names.empty() ? ' ' : '+', user,
                        group, node.content_unknown ? "?" : session.size(node.size_bytes), format_time(node.mtime));
    }
    if (nul_separated_) {
      session.out.write(std::string(shown) + '\0');
      return;
    }
    session.out.write(session.quote(std::string(shown) + (node.type == NodeType::directory ? "/" : "")));
    if (long_ && node.type == NodeType::symlink) session.out.print(" -> {}", session.quote(node.target));
    session.out.write("\n");
  }

  std::optional<std::string> word_;
  bool long_ = false;
  bool recursive_ = false;
  bool nul_separated_ = false;
};

}  // namespace

std::unique_ptr<Command> make_ls() { return std::make_unique<LsCommand>(); }

}  // namespace metamori::cmd
