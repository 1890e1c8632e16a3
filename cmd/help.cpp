#include "cmd/help.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "cmd/exit_codes.hpp"
#include "cmd/session.hpp"
#include "cmd/units.hpp"

namespace metamori::cmd {
namespace {

constexpr std::size_t kLeast = 40, kMost = 200;
constexpr std::size_t kNarrow = 64;  // below it descriptions stand under their heads
constexpr std::size_t kEntryColumn = 28, kUnderColumn = 6, kIndent = 2;

std::string option_head(const OptionSpec& spec) {
  std::string head;
  for (const std::string& name : spec.name_list()) head += (head.empty() ? "" : ", ") + name;
  const bool has_long = head.find("--") != std::string::npos;
  if (spec.value == OptionValue::required) head += (has_long ? "=" : " ") + spec.placeholder;
  if (spec.value == OptionValue::optional) head += "[=" + spec.placeholder + "]";
  return head;
}

/// Lines of text that keep to a width.
class HelpText {
 public:
  explicit HelpText(const HelpStyle& style) : columns_(std::clamp(style.columns, kLeast, kMost)), has_color_(style.has_color) {}

  void line(std::string_view text) { text_ += std::string(text) + '\n'; }
  void heading(std::string_view title) {
    text_ += has_color_ ? fmt::format("\n\x1b[1m{}:\x1b[0m\n", title) : fmt::format("\n{}:\n", title);
  }

  /// `text` folded at blanks; the first line starts at `column`, further ones at `indent`. `joint` ends the lines that go on.
  void fold(std::string_view text, std::size_t column, std::size_t indent, std::string_view joint = {}) {
    bool is_first = true;
    for (const std::string_view word : words_of(text)) {
      if (!is_first && column + 1 + word.size() + joint.size() > columns_) {
        text_ += std::string(joint) + '\n' + std::string(indent, ' ');
        column = indent;
      } else if (!is_first) {
        text_ += ' ';
        ++column;
      }
      text_ += word;
      column += word.size();
      is_first = false;
    }
    text_ += '\n';
  }

  /// A head, and what it means beside it, or below where there is no room.
  void entry(const std::string& head, std::string_view description, std::size_t wide_column = kEntryColumn) {
    const std::size_t column = columns_ < kNarrow && wide_column == kEntryColumn ? kUnderColumn : wide_column;
    text_ += std::string(kIndent, ' ') + head;
    if (kIndent + head.size() + 2 > column) {
      text_ += '\n' + std::string(column, ' ');
    } else {
      text_ += std::string(column - kIndent - head.size(), ' ');
    }
    fold(description, column, column);
  }

  /// A command and a comment on it: before it where they don't fit beside each other.
  void example(std::string_view text) {
    const std::size_t mark = text.find(" # ");
    if (kIndent + text.size() <= columns_ || mark == std::string_view::npos) {
      text_ += std::string(kIndent, ' ');
      return fold_command(text);
    }
    std::string_view command = text.substr(0, mark);
    while (command.ends_with(' ')) command.remove_suffix(1);
    text_ += std::string(kIndent, ' ') + "# ";
    fold(text.substr(mark + 3), kIndent + 2, kIndent + 2);
    text_ += std::string(kIndent, ' ');
    fold_command(command);
  }

  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  void fold_command(std::string_view command) {
    if (kIndent + command.size() <= columns_) return line(command);
    fold(command, kIndent, kIndent + 4, " \\");
  }

  static std::vector<std::string_view> words_of(std::string_view text) {
    std::vector<std::string_view> words;
    while (!text.empty()) {
      const std::size_t end = std::min(text.find(' '), text.size());
      if (end > 0) words.push_back(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    return words;
  }

  std::size_t columns_;
  bool has_color_;
  std::string text_;
};

void append_options(HelpText& out, std::string_view title, const Options& options) {
  if (options.options().empty()) return;
  out.heading(title);
  for (const OptionSpec& spec : options.options()) out.entry(option_head(spec), spec.description);
}

void append_positionals(HelpText& out, const Options& own) {
  if (own.positionals().empty() && !own.dashes()) return;
  out.heading("Arguments");
  for (const PositionalSpec& spec : own.positionals()) out.entry(spec.name + (spec.is_repeated ? "..." : ""), spec.description);
  if (own.dashes()) out.entry("-- " + own.dashes()->name + "...", own.dashes()->description);
}

void append_exit_codes(HelpText& out, const CommandRow& row) {
  out.heading("Exit codes");
  std::string codes = "0 1 2";
  if (!row.exit_codes.empty()) codes += " " + std::string(row.exit_codes);
  for (std::string_view rest = codes; !rest.empty();) {
    const std::size_t length = std::min(rest.find(' '), rest.size());
    const auto code = parse_number(rest.substr(0, length)).value_or(0);
    out.entry(std::to_string(code), exit_code_meaning(static_cast<int>(code)), kUnderColumn);
    rest.remove_prefix(std::min(length + 1, rest.size()));
  }
}

void append_examples(HelpText& out, std::string_view examples) {
  if (examples.empty()) return;
  out.heading("Examples");
  while (!examples.empty()) {
    const std::size_t end = examples.find('\n');
    out.example(examples.substr(0, end));
    examples.remove_prefix(end + 1);
  }
}

}  // namespace

HelpStyle help_style(const Session& session) { return {session.environment.columns, session.out_has_color}; }

std::string render_usage(const CommandRow& row, const Options& own) {
  std::string usage = fmt::format("metamori {}", row.name);
  if (!own.options().empty()) usage += " [OPTIONS]";
  for (const PositionalSpec& spec : own.positionals()) {
    const std::string name = spec.name + (spec.is_repeated ? "..." : "");
    usage += spec.is_required ? " " + name : " [" + name + "]";
  }
  if (own.dashes()) usage += " [-- " + own.dashes()->name + "...]";
  return usage;
}

std::string render_overview(const HelpStyle& style) {
  constexpr std::size_t kCommandColumn = 15;
  HelpText out(style);
  out.fold("metamori - incremental checkpoints for the files of a running job", 0, 0);
  out.line("");
  out.fold("Usage: metamori [OPTIONS] COMMAND [ARGUMENTS]", 0, 7);
  append_examples(out,
                  "metamori init                     # once, at the top of the tree\n"
                  "metamori checkpoint -m 'step 10'  # record its state: costs what changed\n"
                  "metamori log --oneline            # what there is\n"
                  "metamori restore HEAD             # put it back\n");
  CommandGroup group = CommandGroup::hidden;
  for (const CommandRow& row : command_table()) {
    if (row.group == CommandGroup::hidden) continue;
    if (row.group != group) out.heading(group_title(row.group));
    group = row.group;
    out.entry(std::string(row.name), row.summary, kCommandColumn);
  }
  out.line("");
  out.fold(
      "'metamori help COMMAND' or 'man metamori-COMMAND' tells more, 'metamori config list --all' what can be set, metamori-revisions(7) "
      "how checkpoints are named.",
      0, 0);
  return out.take();
}

std::string render_command_help(const CommandRow& row, const Options& own, const Options& common, const HelpStyle& style) {
  HelpText out(style);
  out.fold(fmt::format("{}.", row.summary), 0, 0);
  out.line("");
  out.fold("Usage: " + render_usage(row, own), 0, 7);
  append_examples(out, row.examples);
  append_positionals(out, own);
  append_options(out, "Options", own);
  append_options(out, "Common options", common);
  append_exit_codes(out, row);
  return out.take();
}

}  // namespace metamori::cmd
