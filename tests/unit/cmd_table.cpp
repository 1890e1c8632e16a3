#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "cmd/commands.hpp"
#include "cmd/common_options.hpp"
#include "cmd/exit_codes.hpp"
#include "cmd/options.hpp"
#include "cmd/units.hpp"
#include "cmd/value_kind.hpp"
#include "metamori/error.hpp"

using namespace metamori;
using namespace metamori::cmd;

namespace {

/// A command with its options.
struct Described {
  explicit Described(const CommandRow& row) : command(row.make()) { command->describe(options); }
  std::unique_ptr<Command> command;
  Options options;
};

void check_placeholder(std::string_view command, const std::string& placeholder) {
  const auto kind = find_value_kind(placeholder);
  ASSERT_TRUE(kind) << command << ": what is " << placeholder << "? cmd/value_kind.cpp should know";
  if (kind != ValueKind::choice) return;
  for (const std::string& word : choices_of(placeholder)) EXPECT_FALSE(word.empty()) << command << " " << placeholder;
}

/// The words of an example, as a shell would split it; what follows a pipe or a comment is left out.
std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  std::string word;
  bool is_open = false;
  char quote = 0;
  for (const char c : line) {
    if (quote == 0 && !is_open && (c == '#' || c == '|' || c == '>')) break;
    if (quote == 0 && c == ' ') {
      if (is_open) words.push_back(std::exchange(word, {}));
      is_open = false;
    } else if (quote == 0 && (c == '\'' || c == '"')) {
      quote = c;
      is_open = true;
    } else if (c == quote) {
      quote = 0;
    } else {
      word += c;
      is_open = true;
    }
  }
  if (is_open) words.push_back(word);
  return words;
}

}  // namespace

TEST(CommandTable, EveryValueHasAKindThatIsKnown) {
  CommonOptions target;
  Options common;
  describe_common(common, target);
  for (const OptionSpec& spec : common.options())
    if (spec.value != OptionValue::none) check_placeholder("common", spec.placeholder);
  for (const CommandRow& row : command_table()) {
    const Described described(row);
    for (const OptionSpec& spec : described.options.options())
      if (spec.value != OptionValue::none) check_placeholder(row.name, spec.placeholder);
    for (const PositionalSpec& spec : described.options.positionals()) check_placeholder(row.name, spec.name);
    if (described.options.dashes()) check_placeholder(row.name, described.options.dashes()->name);
  }
}

TEST(CommandTable, NoOptionIsDeclaredTwiceOrWithoutAWord) {
  CommonOptions target;
  Options common;
  describe_common(common, target);
  for (const CommandRow& row : command_table()) {
    const Described described(row);
    std::set<std::string> seen;
    for (const Options* options : std::initializer_list<const Options*>{&common, &described.options}) {
      for (const OptionSpec& spec : options->options()) {
        EXPECT_FALSE(spec.description.empty()) << row.name;
        for (const std::string& name : spec.name_list()) EXPECT_TRUE(seen.insert(name).second) << row.name << " " << name;
      }
    }
  }
}

TEST(CommandTable, ExamplesUseWhatExists) {
  std::size_t examples = 0;
  for (const CommandRow& row : command_table()) {
    std::istringstream lines{std::string(row.examples)};
    for (std::string line; std::getline(lines, line);) {
      std::vector<std::string> words = words_of(line);
      ASSERT_GE(words.size(), 2U) << line;
      EXPECT_EQ(words[0], "metamori");
      EXPECT_EQ(words[1], row.name);
      words.erase(words.begin(), words.begin() + 2);
      const Described described(row);
      CommonOptions target;
      Options common;
      describe_common(common, target);
      EXPECT_NO_THROW(parse_command(described.options, common, words, [] { return false; })) << line;
      ++examples;
    }
  }
  EXPECT_GT(examples, 40U);
}

TEST(CommandTable, ExitCodesAreSortedAndHaveMeanings) {
  for (const CommandRow& row : command_table()) {
    std::istringstream codes{std::string(row.exit_codes)};
    int before = 2;
    for (int code = 0; codes >> code; before = code) {
      EXPECT_GT(code, before) << row.name;
      EXPECT_FALSE(exit_code_meaning(code).empty()) << row.name << " " << code;
    }
  }
}

TEST(CommandTable, ChoicesAreTheWordsOfThePlaceholder) {
  EXPECT_EQ(choices_of("auto|none|plain[=SECS]"), (std::vector<std::string>{"auto", "none", "plain"}));
  EXPECT_EQ(choices_of("v1"), std::vector<std::string>{"v1"});
  EXPECT_EQ(find_value_kind("auto|never"), ValueKind::choice);
  EXPECT_EQ(find_value_kind("NONSENSE"), std::nullopt);
}
