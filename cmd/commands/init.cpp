#include "cmd/commands.hpp"
#include "cmd/exit_codes.hpp"
#include "cmd/json_render.hpp"
#include "cmd/session.hpp"
#include "cmd/signals.hpp"

namespace metamori::cmd {
namespace {

class InitCommand final : public Command {
 public:
  void describe(Options& options) override {
    options.optional("DIR", directory_, "Top of the tree; made if missing (default: the current directory)");
    options.text("--repo-dir", "DIR", init_.repository_dir, "Keep the repository there; .metamori becomes a pointer to it");
    options.flag("--shared", init_.shared, "Let the directory's group write");
    options.flag("--exist-ok", init_.exist_ok, "Do nothing if there is a repository already");
  }

  int run(Session& session) override {
    if (session.common.repository_dir)
      throw Error(ErrorKind::usage, "init makes a repository, so there is none to take with --repo", "--repo-dir says where to keep it");
    if (directory_) init_.directory = *directory_;
    // It takes a moment: a signal that comes meanwhile strikes afterwards, so that nothing half made is left.
    install_stop_handlers();
    const Repository repository = Repository::init(init_);
    if (session.json()) {
      JsonReport json(session, "init");
      json->key("tree").begin_object().path("path", repository.tree_directory()).end_object();
      json->key("repository").begin_object().path("path", repository.repository_directory()).end_object();
      json.end();
    } else if (!session.common.quiet) {
      session.out.print("repository {} for the tree {}\n", session.quote(repository.repository_directory()),
                        session.quote(repository.tree_directory()));
    }
    return kExitOk;
  }

 private:
  std::optional<std::string> directory_;
  InitOptions init_;
};

}  // namespace

std::unique_ptr<Command> make_init() { return std::make_unique<InitCommand>(); }

}  // namespace metamori::cmd
