#include "cmd/help.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "cmd/exit_codes.hpp"
#include "cmd/units.hpp"

namespace metamori::cmd {
namespace {

constexpr std::size_t kWidth = 100;

std::string option_head(const OptionSpec& spec) {
  std::string head;
  for (const std::string& name : spec.name_list()) head += (head.empty() ? "" : ", ") + name;
  if (!head.starts_with("--") && head.size() > 2) return spec.value == OptionValue::required ? head + " " + spec.placeholder : head;
  if (spec.value == OptionValue::required) head += (head.starts_with("--") ? "=" : " ") + spec.placeholder;
  if (spec.value == OptionValue::optional) head += "[=" + spec.placeholder + "]";
  return head;
}

/// `text` folded at spaces, further lines indented.
std::string folded(std::string_view text, std::size_t indent) {
  std::string out;
  std::size_t column = indent;
  while (!text.empty()) {
    const std::size_t length = std::min(text.find(' '), text.size());
    if (column > indent && column + length > kWidth) {
      out += '\n' + std::string(indent, ' ');
      column = indent;
    } else if (column > indent) {
      out += ' ';
      ++column;
    }
    out += text.substr(0, length);
    column += length;
    text.remove_prefix(std::min(length + 1, text.size()));
  }
  return out;
}

void append_entry(std::string& out, const std::string& head, std::string_view description) {
  constexpr std::size_t kColumn = 28;
  out += "  " + head;
  if (head.size() + 4 > kColumn) {
    out += '\n' + std::string(kColumn, ' ');
  } else {
    out += std::string(kColumn - 2 - head.size(), ' ');
  }
  out += folded(description, kColumn) + '\n';
}

void append_options(std::string& out, std::string_view title, const Options& options) {
  if (options.options().empty()) return;
  out += fmt::format("\n{}:\n", title);
  for (const OptionSpec& spec : options.options()) append_entry(out, option_head(spec), spec.description);
}

void append_positionals(std::string& out, const Options& own) {
  if (own.positionals().empty() && !own.dashes()) return;
  out += "\nArguments:\n";
  for (const PositionalSpec& spec : own.positionals()) append_entry(out, spec.name + (spec.is_repeated ? "..." : ""), spec.description);
  if (own.dashes()) append_entry(out, "-- " + own.dashes()->name + "...", own.dashes()->description);
}

void append_exit_codes(std::string& out, const CommandRow& row) {
  out += "\nExit codes:\n";
  std::string codes = "0 1 2";
  if (!row.exit_codes.empty()) codes += " " + std::string(row.exit_codes);
  for (std::string_view rest = codes; !rest.empty();) {
    const std::size_t length = std::min(rest.find(' '), rest.size());
    const auto code = parse_number(rest.substr(0, length)).value_or(0);
    out += fmt::format("  {:<3} {}\n", code, exit_code_meaning(static_cast<int>(code)));
    rest.remove_prefix(std::min(length + 1, rest.size()));
  }
}

void append_examples(std::string& out, std::string_view examples) {
  if (examples.empty()) return;
  out += "\nExamples:\n";
  while (!examples.empty()) {
    const std::size_t end = examples.find('\n');
    out += fmt::format("  {}\n", examples.substr(0, end));
    examples.remove_prefix(end + 1);
  }
}

}  // namespace

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

std::string render_overview() {
  std::string out =
      "metamori - incremental checkpoints for the files of a running job\n\n"
      "Usage: metamori [OPTIONS] COMMAND [ARGUMENTS]\n\n"
      "Examples:\n"
      "  metamori init                     # once, at the top of the tree\n"
      "  metamori checkpoint -m 'step 10'  # record its state: costs what changed\n"
      "  metamori log --oneline            # what there is\n"
      "  metamori restore HEAD             # put it back\n";
  CommandGroup group = CommandGroup::hidden;
  for (const CommandRow& row : command_table()) {
    if (row.group == CommandGroup::hidden) continue;
    if (row.group != group) out += fmt::format("\n{}:\n", group_title(row.group));
    group = row.group;
    out += fmt::format("  {:<12} {}\n", row.name, row.summary);
  }
  out += "\n'metamori help COMMAND' or 'man metamori-COMMAND' tells more; metamori-revisions(7) how checkpoints are named.\n";
  return out;
}

std::string render_command_help(const CommandRow& row, const Options& own, const Options& common) {
  std::string out = fmt::format("{}.\n\nUsage: {}\n", row.summary, render_usage(row, own));
  append_examples(out, row.examples);
  append_positionals(out, own);
  append_options(out, "Options", own);
  append_options(out, "Common options", common);
  append_exit_codes(out, row);
  return out;
}

}  // namespace metamori::cmd
