#include "cmd/help.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include "cmd/common_options.hpp"

using namespace metamori::cmd;

namespace {

std::string help_of(const CommandRow& row, const HelpStyle& style) {
  const std::unique_ptr<Command> command = row.make();
  Options own, common;
  CommonOptions target;
  command->describe(own);
  describe_common(common, target);
  return render_command_help(row, own, common, style);
}

/// No line is wider than allowed, unless it holds a single word.
void check_width(const std::string& text, std::size_t columns) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t start = line.find_first_not_of(' ');
    EXPECT_TRUE(line.size() <= columns || line.find(' ', start) == std::string::npos) << columns << ": " << line;
    EXPECT_TRUE(line.empty() || line.back() != ' ') << line;
  }
}

}  // namespace

TEST(Help, KeepsToEveryWidth) {
  std::size_t checked = 0;
  for (const std::size_t columns : {40U, 50U, 63U, 64U, 72U, 80U, 100U, 132U, 200U}) {
    check_width(render_overview({columns, false}), columns);
    for (const CommandRow& row : command_table()) {
      check_width(help_of(row, {columns, false}), columns);
      ++checked;
    }
  }
  EXPECT_GT(checked, 9U * 20U);
}

TEST(Help, WidthsBeyondTheLimitsCountAsTheLimits) {
  EXPECT_EQ(render_overview({1, false}), render_overview({40, false}));
  EXPECT_EQ(render_overview({1000, false}), render_overview({200, false}));
  EXPECT_NE(render_overview({40, false}), render_overview({80, false}));
}

TEST(Help, IsAsciiAndColouredOnlyIfAsked) {
  for (const CommandRow& row : command_table()) {
    const std::string text = help_of(row, {});
    for (const char c : text) EXPECT_TRUE(c == '\n' || (c >= ' ' && c <= '~')) << row.name;
    EXPECT_NE(help_of(row, {80, true}).find("\x1b[1m"), std::string::npos);
  }
}

TEST(Help, ShowsExamplesFirst) {
  for (const CommandRow& row : command_table()) {
    if (row.examples.empty()) continue;
    const std::string text = help_of(row, {});
    EXPECT_LT(text.find("\nExamples:\n"), text.find("ptions:\n")) << row.name;
  }
}
