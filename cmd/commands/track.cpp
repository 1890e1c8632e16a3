#include "cmd/commands.hpp"
#include "cmd/exit_codes.hpp"
#include "cmd/json_render.hpp"
#include "cmd/progress.hpp"

namespace metamori::cmd {
namespace {

/// `track` and `untrack`: the same list of rules, with and without a negation.
class TrackCommand final : public Command {
 public:
  explicit TrackCommand(bool negates) : negates_(negates) {}

  void describe(Options& options) override {
    options.rest("PATTERN", patterns_, "Patterns in the syntax of gitignore; the last one that matches a path decides");
    options.flag("--list", list_, "List the rules, in order");
  }

  int run(Session& session) override {
    if (list_ && !patterns_.empty()) throw Error(ErrorKind::usage, "--list takes no patterns");
    if (!list_ && patterns_.empty()) throw Error(ErrorKind::usage, "missing PATTERN", "--list shows the rules");
    for (const std::string& pattern : patterns_)
      if (pattern.empty() || pattern.find('\n') != std::string::npos)
        throw Error(ErrorKind::usage, "a pattern is one line that is not empty");
    Repository repository = session.open();
    bool was_first = false;
    if (!list_)
      was_first = with_progress(session, [&](const Control& control) {
        return negates_ ? repository.untrack(patterns_, control) : repository.track(patterns_, control);
      });
    if (session.json()) {
      write_json(session, repository.rules(), was_first);
    } else if (list_) {
      for (const std::string& rule : repository.rules()) session.out.print("{}\n", session.safe_text(rule));
    } else if (was_first && !negates_) {
      session.note("from now on only what the rules name is tracked ('metamori track --list' shows them)");
    }
    return kExitOk;
  }

 private:
  void write_json(Session& session, const std::vector<std::string>& rules, bool was_first) const {
    JsonReport json(session, negates_ ? "untrack" : "track");
    json->key("rules").begin_array();
    for (const std::string& rule : rules) json->begin_object().path("rule", rule).end_object();
    json->end_array();
    if (!list_) json->field("first", was_first);
    json.end();
  }

  bool negates_;
  bool list_ = false;
  std::vector<std::string> patterns_;
};

}  // namespace

std::unique_ptr<Command> make_track() { return std::make_unique<TrackCommand>(false); }
std::unique_ptr<Command> make_untrack() { return std::make_unique<TrackCommand>(true); }

}  // namespace metamori::cmd
