#include "cmd/commands.hpp"
#include "cmd/exit_codes.hpp"
#include "cmd/json_render.hpp"
#include "cmd/render.hpp"

namespace metamori::cmd {
namespace {

class PinCommand final : public Command {
 public:
  void describe(Options& options) override {
    options.rest("REV", revisions_, "The checkpoints to keep whatever rules say; without one those pinned are listed");
    options.flag("--remove", remove_, "Take the pins away; the checkpoints stay");
  }

  int run(Session& session) override {
    if (remove_ && revisions_.empty()) throw Error(ErrorKind::usage, "--remove takes at least one REV");
    Repository repository = session.open();
    if (revisions_.empty()) {
      show(session, "pinned", repository.pins());
      return kExitOk;
    }
    std::vector<CheckpointInfo> targets;
    for (const std::string& revision : revisions_) targets.push_back(repository.resolve(revision));
    for (const CheckpointInfo& target : targets) {
      // By id, so that a revision such as `latest` can't move between the two calls.
      if (remove_) {
        repository.unpin(to_hex(target.id));
      } else {
        repository.pin(to_hex(target.id));
      }
    }
    show(session, remove_ ? "removed" : "created", targets);
    return kExitOk;
  }

 private:
  static void show(Session& session, std::string_view what, const std::vector<CheckpointInfo>& pins) {
    if (session.json()) {
      JsonReport json(session, "pin");
      json->key(what).begin_array();
      for (const CheckpointInfo& info : pins) {
        json->begin_object();
        write_id(*json, "id", info.id);
        json->field("number", info.number).end_object();
      }
      json->end_array();
      json.end();
      return;
    }
    const std::string_view verb = what == "pinned" ? "" : what == "removed" ? "no longer pinned: " : "pinned: ";
    if (session.common.quiet && what != "pinned") return;
    for (const CheckpointInfo& info : pins) session.out.print("{}{} {}\n", verb, checkpoint_name(info), subject(session, info));
  }

  std::vector<std::string> revisions_;
  bool remove_ = false;
};

}  // namespace

std::unique_ptr<Command> make_pin() { return std::make_unique<PinCommand>(); }

}  // namespace metamori::cmd
