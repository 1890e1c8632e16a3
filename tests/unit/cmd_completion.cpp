#include <gtest/gtest.h>

#include "cmd/completion.hpp"
#include "cmd/shell_words.hpp"

using namespace metamori::cmd;

namespace {

constexpr std::string_view kBreaks = " \t\n\"'><=;|&(:";

/// `word|word|…  hidden`
std::string split(std::string_view line) {
  const ShellWords found = split_shell_line(line, kBreaks);
  std::string text;
  for (const std::string& word : found.words) text += word + "|";
  return text + std::to_string(found.hidden_bytes);
}

std::string words_for(const std::vector<std::string>& words) {
  Environment environment;
  environment.repository_dir = "/nonexistent";
  const Completion found = complete(environment, words);
  std::string text;
  for (const Candidate& candidate : found.candidates) text += (text.empty() ? "" : " ") + candidate.word;
  switch (found.source) {
    case Completion::Source::candidates:
      return text;
    case Completion::Source::files:
      return "files";
    case Completion::Source::directories:
      return "directories";
    case Completion::Source::program:
      return "program";
  }
  return text;
}

}  // namespace

TEST(ShellWords, AreSplitAsBashDoes) {
  EXPECT_EQ(split(""), "|0");
  EXPECT_EQ(split("a  b"), "a|b|0");
  EXPECT_EQ(split("a b "), "a|b||0");
  EXPECT_EQ(split("a 'b c' \"d $e\\\"\" f\\ g"), "a|b c|d $e\"|f g|0");
  EXPECT_EQ(split("a '' b"), "a||b|0");
  EXPECT_EQ(split("a 'b c"), "a|b c|0");
  EXPECT_EQ(split("a \"b\\c"), "a|b\\c|0");
}

TEST(ShellWords, TellWhatReadlineTakesForOtherWords) {
  EXPECT_EQ(split("a HEAD:di"), "a|HEAD:di|5");
  EXPECT_EQ(split("a --color=al"), "a|--color=al|8");
  EXPECT_EQ(split("a 'HEAD:my fi"), "a|HEAD:my fi|0");
  EXPECT_EQ(split("a HEAD\\:di"), "a|HEAD:di|0");
}

TEST(Completion, KnowsCommandsAndOptions) {
  EXPECT_EQ(words_for({"checkp"}), "checkpoint");
  EXPECT_EQ(words_for({"-C", "/", "und"}), "undo");
  EXPECT_EQ(words_for({"nonsense", ""}), "");
  EXPECT_EQ(words_for({"checkpoint", "--skip"}), "--skip-if-unchanged --skip-if-running");
  EXPECT_EQ(words_for({"checkpoint", "--skip-if-running", "--skip"}), "--skip-if-unchanged");
  EXPECT_EQ(words_for({"checkpoint", "--met"}), "--meta=");
  EXPECT_EQ(words_for({"checkpoint", "--meta", "a=b", "--met"}), "--meta=");
  EXPECT_EQ(words_for({"log", "--", "--one"}), "");
  EXPECT_EQ(words_for({"__comp"}), "");
}

TEST(Completion, KnowsValues) {
  EXPECT_EQ(words_for({"checkpoint", "--on-torn", ""}), "mark keep-previous fail");
  EXPECT_EQ(words_for({"checkpoint", "--on-torn=m"}), "--on-torn=mark");
  EXPECT_EQ(words_for({"--color", "a"}), "auto always");
  EXPECT_EQ(words_for({"help", "ver"}), "verify version");
  EXPECT_EQ(words_for({"completion", ""}), "bash zsh fish");
  EXPECT_EQ(words_for({"config", "set", "checkpoint.on"}), "checkpoint.on-torn checkpoint.one-file-system");
  EXPECT_EQ(words_for({"config", "set", "color", "ne"}), "never");
  EXPECT_EQ(words_for({"-c", "color=a"}), "color=auto color=always");
  EXPECT_EQ(words_for({"restore", "HEAD", "--to", ""}), "directories");
  EXPECT_EQ(words_for({"checkpoint", "--paths-from0="}), "files");
  EXPECT_EQ(words_for({"watch", "--every", "5m", "--", "ma"}), "program");
  EXPECT_EQ(words_for({"log", "-qn", ""}), "");
  EXPECT_EQ(words_for({"log", "--since=y"}), "--since=yesterday");
}
