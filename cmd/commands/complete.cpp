#include "cmd/commands.hpp"
#include "cmd/completion.hpp"
#include "cmd/exit_codes.hpp"
#include "cmd/session.hpp"
#include "cmd/shell_words.hpp"

namespace metamori::cmd {
namespace {

std::string_view source_name(Completion::Source source) noexcept {
  switch (source) {
    case Completion::Source::candidates:
      return "words";
    case Completion::Source::files:
      return "files";
    case Completion::Source::directories:
      return "directories";
    case Completion::Source::program:
      return "program";
  }
  return "words";
}

/// Hidden; what the scripts in completions/ ask. The first line says what follows: `words` or `paths`, candidates one a line with a tab
/// before the description; or `files`, `directories`, `program`, which the shell completes itself.
class CompleteCommand final : public Command {
 public:
  void describe(Options& options) override {
    options.text("--line", "LINE", line_, "The command line up to the cursor, as it was typed");
    options.text("--breaks", "TEXT", breaks_, "With --line: characters that part words for the shell, and are not to be repeated");
    options.after_dashes("WORD", words_, "The words after the program's name, the last one being written");
  }

  int run(Session& session) override {
    std::size_t hidden_bytes = 0;
    if (line_) {
      ShellWords split = split_shell_line(*line_, breaks_);
      hidden_bytes = split.hidden_bytes;
      split.words.erase(split.words.begin());
      words_ = std::move(split.words);
    }
    const Completion completion = complete(session.environment, words_);
    session.out.print("{}\n", completion.are_paths ? "paths" : source_name(completion.source));
    for (const Candidate& candidate : completion.candidates) {
      session.out.write(std::string_view(candidate.word).substr(std::min(hidden_bytes, candidate.word.size())));
      session.out.print("\t{}\n", candidate.description);
    }
    return kExitOk;
  }

 private:
  std::optional<std::string> line_;
  std::string breaks_;
  std::vector<std::string> words_;
};

}  // namespace

std::unique_ptr<Command> make_complete() { return std::make_unique<CompleteCommand>(); }

}  // namespace metamori::cmd
