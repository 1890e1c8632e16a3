#include "core/pattern.hpp"

#include <gtest/gtest.h>

#include <string>

namespace metamori {
namespace {

std::optional<bool> match(std::string_view patterns, std::string_view path, bool is_directory = false) {
  return PatternList::parse(patterns).match(path, is_directory);
}
bool matches(std::string_view pattern, std::string_view path, bool is_directory = false) {
  return match(pattern, path, is_directory).has_value();
}

TEST(Pattern, WithoutASlashMatchesTheLastComponentAtAnyDepth) {
  EXPECT_TRUE(matches("core", "core"));
  EXPECT_TRUE(matches("core", "a/b/core"));
  EXPECT_FALSE(matches("core", "core/x"));
  EXPECT_TRUE(matches("*.o", "a/b.o"));
  EXPECT_FALSE(matches("*.o", "a.o/b"));
}

TEST(Pattern, WithASlashThatIsNotAtItsEndIsAnchored) {
  EXPECT_TRUE(matches("/core", "core"));
  EXPECT_FALSE(matches("/core", "a/core"));
  EXPECT_TRUE(matches("a/core", "a/core"));
  EXPECT_FALSE(matches("a/core", "b/a/core"));
  EXPECT_TRUE(matches("a/", "b/a", true));
}

TEST(Pattern, WithATrailingSlashMatchesDirectoriesOnly) {
  EXPECT_TRUE(matches("out/", "out", true));
  EXPECT_FALSE(matches("out/", "out", false));
}

TEST(Pattern, StarsStopAtSlashesUnlessTwoAreAComponent) {
  EXPECT_TRUE(matches("a/*/c", "a/b/c"));
  EXPECT_FALSE(matches("a/*/c", "a/b/b/c"));
  EXPECT_TRUE(matches("a/**/c", "a/c"));
  EXPECT_TRUE(matches("a/**/c", "a/b/b/c"));
  EXPECT_TRUE(matches("**/c", "c"));
  EXPECT_TRUE(matches("**/c", "a/b/c"));
  EXPECT_TRUE(matches("a/**", "a/b/c"));
  EXPECT_FALSE(matches("a/**", "a", true));
  EXPECT_FALSE(matches("/x**y", "x/y"));
  EXPECT_FALSE(matches("a/?", "a//"));
}

TEST(Pattern, ClassesHoldRangesNamesAndQuotedBytes) {
  EXPECT_TRUE(matches("f[0-9a].x", "f7.x"));
  EXPECT_TRUE(matches("f[!0-9]", "fa"));
  EXPECT_FALSE(matches("f[^0-9]", "f1"));
  EXPECT_TRUE(matches("[]-]", "]"));
  EXPECT_TRUE(matches("[]-]", "-"));
  EXPECT_TRUE(matches("[[:digit:]_]", "_"));
  EXPECT_TRUE(matches("[\\]]", "]"));
  EXPECT_FALSE(matches("/[!x]", "/"));
  EXPECT_FALSE(matches("[a", "[a"));
  EXPECT_FALSE(matches("[[:nosuch:]]", "n"));
  EXPECT_TRUE(matches("[\xC0-\xFF]", "\xE9"));
}

TEST(Pattern, BackslashesQuote) {
  EXPECT_TRUE(matches("\\#x", "#x"));
  EXPECT_TRUE(matches("\\!x", "!x"));
  EXPECT_TRUE(matches("a\\*", "a*"));
  EXPECT_FALSE(matches("a\\*", "ab"));
  EXPECT_FALSE(matches("a\\", "a\\"));
  EXPECT_TRUE(matches("x\\ ", "x "));
  EXPECT_TRUE(matches("x   ", "x"));
}

TEST(PatternList, TheLastMatchWins) {
  EXPECT_EQ(match("*.log\n!keep.log\n", "keep.log"), false);
  EXPECT_EQ(match("!keep.log\n*.log\n", "keep.log"), true);
  EXPECT_EQ(match("*.log\n!keep.log\n", "x"), std::nullopt);
}

TEST(PatternList, SkipsBlankLinesCommentsAndLineEnds) {
  const auto list = PatternList::parse("\xEF\xBB\xBF# comment\n\n   \n!\n/\na\r\nb");
  ASSERT_EQ(list.patterns().size(), 2u);
  EXPECT_EQ(list.match("a", false), true);
  EXPECT_EQ(list.match("b", false), true);
}

TEST(Pattern, ManyStarsCostNoMoreThanTheProductOfTheLengths) {
  std::string pattern = "/", path(4000, 'a');
  for (int i = 0; i < 400; ++i) pattern += i % 2 == 0 ? "**/a*" : "*a*/";
  EXPECT_FALSE(matches(pattern + "b", path));
}

TEST(Pattern, TellsWhereItCouldMatchBelow) {
  const auto could = [](std::string_view pattern, std::string_view directory) {
    return Pattern::parse(pattern)->could_match_below(directory);
  };
  EXPECT_TRUE(could("*.dat", "a/b"));
  EXPECT_TRUE(could("/a/b/c", "a/b"));
  EXPECT_FALSE(could("/a/b/c", "a/x"));
  EXPECT_FALSE(could("/a/b", "a/b"));
  EXPECT_TRUE(could("/a/**/c", "a/x/y/z"));
  EXPECT_FALSE(could("/a/**/c", "b"));
  EXPECT_TRUE(could("/*/b", "a"));
  EXPECT_FALSE(could("/*/b", "a/b"));
}

}  // namespace
}  // namespace metamori
