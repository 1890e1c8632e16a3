#include "cmd/commands.hpp"
#include "cmd/exit_codes.hpp"
#include "cmd/json_render.hpp"
#include "cmd/render.hpp"
#include "cmd/signals.hpp"

namespace metamori::cmd {
namespace {

class TagCommand final : public Command {
 public:
  void describe(Options& options) override {
    options.optional("NAME", name_, "The name; without one the names are listed");
    options.optional("REV", revision_, "The checkpoint to name (default: HEAD)");
    options.flag("-d,--delete", remove_, "Remove the name; the checkpoint stays");
    options.flag("--force", force_, "Move the name if it is taken");
  }

  int run(Session& session) override {
    if (remove_ && (!name_ || revision_)) throw Error(ErrorKind::usage, "-d takes one NAME");
    if (force_ && (!name_ || remove_)) throw Error(ErrorKind::usage, "--force goes with NAME");
    Repository repository = session.open();
    install_stop_handlers();  // it takes a moment: a signal that comes meanwhile strikes afterwards
    if (remove_) {
      repository.remove_tag(*name_);
      tell_one(session, "removed", CheckpointInfo{});
    } else if (name_) {
      const std::string revision = revision_.value_or("HEAD");
      const CheckpointInfo target = repository.resolve(revision);
      // By id, so that a revision such as `latest` can't move between the two calls.
      repository.tag(*name_, to_hex(target.id), force_);
      tell_one(session, "created", target);
    } else {
      list(session, repository.tags());
    }
    return kExitOk;
  }

 private:
  void tell_one(Session& session, std::string_view what, const CheckpointInfo& target) const {
    if (session.json()) {
      JsonReport json(session, "tag");
      json->key(what).begin_object().field("name", std::string_view(*name_));
      if (!target.id.is_zero()) {
        write_id(*json, "id", target.id);
        json->field("number", target.number);
      }
      json->end_object();
      json.end();
    } else if (!session.common.quiet && !target.id.is_zero()) {
      session.out.print("{} is checkpoint {}\n", session.quote(*name_), checkpoint_name(target));
    } else if (!session.common.quiet) {
      session.out.print("{} is no more\n", session.quote(*name_));
    }
  }

  static void list(Session& session, const std::vector<TagInfo>& tags) {
    if (session.json()) {
      JsonReport json(session, "tag");
      json->key("tags").begin_array();
      for (const TagInfo& tag : tags) {
        json->begin_object().field("name", std::string_view(tag.name));
        write_id(*json, "id", tag.checkpoint.id);
        json->field("number", tag.checkpoint.number).end_object();
      }
      json->end_array();
      json.end();
      return;
    }
    for (const TagInfo& tag : tags) {
      if (session.common.quiet) {
        session.out.print("{}\n", session.quote(tag.name));
      } else {
        session.out.print("{:<20} {} {}\n", session.quote(tag.name), checkpoint_name(tag.checkpoint), subject(session, tag.checkpoint));
      }
    }
  }

  std::optional<std::string> name_;
  std::optional<std::string> revision_;
  bool remove_ = false;
  bool force_ = false;
};

}  // namespace

std::unique_ptr<Command> make_tag() { return std::make_unique<TagCommand>(); }

}  // namespace metamori::cmd
