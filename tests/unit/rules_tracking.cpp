#include <gtest/gtest.h>

#include <map>
#include <string>

#include "core/rules.hpp"
#include "metamori/error.hpp"

namespace metamori {
namespace {

using IgnoreFiles = std::map<std::string, std::string, std::less<>>;

Tracking decide(std::string_view rules, std::string_view path, bool is_directory = false, const IgnoreFiles& files = {}) {
  return TrackingRules(rules).decide(path, is_directory, [&](std::string_view directory) -> std::optional<std::string> {
    const auto found = files.find(directory);
    return found == files.end() ? std::nullopt : std::optional(found->second);
  });
}

TEST(TrackingRules, WithoutRulesEverythingIsTracked) {
  EXPECT_TRUE(TrackingRules("# only a comment\n").tracks_unnamed());
  EXPECT_EQ(decide("", "a/b"), Tracking::tracked);
}

TEST(TrackingRules, WithAFirstPlainRuleOnlyWhatRulesNameIsTracked) {
  EXPECT_FALSE(TrackingRules("out/\n").tracks_unnamed());
  EXPECT_EQ(decide("out/\n", "out", true), Tracking::tracked);
  EXPECT_EQ(decide("out/\n", "out/a/b"), Tracking::tracked);
  EXPECT_EQ(decide("out/\n", "other"), Tracking::untracked);
}

TEST(TrackingRules, WithAFirstNegationTheRestIsTracked) {
  EXPECT_EQ(decide("!tmp/\n", "x"), Tracking::tracked);
  EXPECT_EQ(decide("!tmp/\n", "tmp", true), Tracking::untracked);
  EXPECT_EQ(decide("!tmp/\n", "tmp/x"), Tracking::untracked);
}

TEST(TrackingRules, NegationsHoldBelowTrackedDirectories) {
  EXPECT_EQ(decide("out/\n!*.tmp\n", "out/a/x.tmp"), Tracking::untracked);
  EXPECT_EQ(decide("out/\n!*.tmp\n", "out/a/x"), Tracking::tracked);
  EXPECT_EQ(decide("!*.tmp\nout/\n", "out/a/x.tmp"), Tracking::untracked);
}

TEST(TrackingRules, DirectoriesAreEnteredAsFarAsARuleCouldMatch) {
  EXPECT_EQ(decide("/a/b/c.dat\n", "a", true), Tracking::enter_only);
  EXPECT_EQ(decide("/a/b/c.dat\n", "a/b", true), Tracking::enter_only);
  EXPECT_EQ(decide("/a/b/c.dat\n", "a/x", true), Tracking::untracked);
  EXPECT_EQ(decide("/a/b/c.dat\n", "a/b/c.dat"), Tracking::tracked);
  EXPECT_EQ(decide("*.dat\n", "x/y", true), Tracking::enter_only);
}

TEST(TrackingRules, BelowAnUntrackedDirectoryOnlyLaterRulesTrack) {
  EXPECT_EQ(decide("*.dat\n!old/\n", "old", true), Tracking::untracked);
  EXPECT_EQ(decide("*.dat\n!old/\n", "old/x.dat"), Tracking::untracked);
  EXPECT_EQ(decide("*.dat\n!old/\nold/x.dat\n", "old", true), Tracking::enter_only);
  EXPECT_EQ(decide("*.dat\n!old/\nold/x.dat\n", "old/x.dat"), Tracking::tracked);
  EXPECT_EQ(decide("*.dat\n!old/\nold/x.dat\n", "old/y.dat"), Tracking::untracked);
  EXPECT_EQ(decide("!a/\n!a/b/\na/b/keep/\n", "a/b/keep/deep/x"), Tracking::tracked);
}

TEST(TrackingRules, IgnoreFilesExcludeWhatRulesTrack) {
  const IgnoreFiles files{{"", "*.tmp\ncache/\n"}, {"out", "!keep.tmp\n/here\n"}};
  EXPECT_EQ(decide("", "out/x.tmp", false, files), Tracking::untracked);
  EXPECT_EQ(decide("", "out/keep.tmp", false, files), Tracking::tracked);
  EXPECT_EQ(decide("", "out/here", false, files), Tracking::untracked);
  EXPECT_EQ(decide("", "out/sub/here", false, files), Tracking::tracked);
  EXPECT_EQ(decide("", "cache/keep.tmp", false, files), Tracking::untracked);
  EXPECT_EQ(decide("x/\n", "out/keep.tmp", false, files), Tracking::untracked) << "a negation does not track what the rules leave out";
  EXPECT_EQ(decide("out/\n", "out/x.tmp", false, files), Tracking::untracked);
}

TEST(TrackingRules, NothingComesBackBelowAnIgnoredDirectory) {
  const IgnoreFiles files{{"", "out/\n"}, {"out", "!*\n"}};
  EXPECT_EQ(decide("", "out/x", false, files), Tracking::untracked);
}

TEST(RuleOf, QuotesWhatWouldBeReadOtherwise) {
  EXPECT_EQ(rule_of("*.dat", false), "*.dat");
  EXPECT_EQ(rule_of("*.dat", true), "!*.dat");
  EXPECT_EQ(rule_of("#x", false), "\\#x");
  EXPECT_EQ(rule_of("!x", false), "\\!x");
  EXPECT_EQ(rule_of("!x", true), "!!x");
  EXPECT_EQ(rule_of("x  ", false), "x\\ \\ ");
  EXPECT_EQ(rule_of("x\\ ", false), "x\\ ");
  EXPECT_EQ(rule_of("x\r", false), "x[\r]");
  EXPECT_EQ(rule_of("./out", false), "/out");
  EXPECT_EQ(rule_of(".", false), "*");
}

TEST(RuleOf, WhatIsQuotedMatchesTheNameItself) {
  for (const std::string name : {"#x", "!x", "x  ", " ", "x\r", "\xEF\xBB\xBFx", "!!", "x\t"}) {
    EXPECT_EQ(decide(append_rule("", rule_of(name, false)), name), Tracking::tracked) << name;
    EXPECT_EQ(decide(append_rule("", rule_of(name, true)), name), Tracking::untracked) << name;
  }
}

TEST(RuleOf, RefusesWhatCanMatchNothing) {
  for (const std::string_view pattern :
       {std::string_view(""), std::string_view("a\nb"), std::string_view("a\0b", 3), std::string_view("a\\"), std::string_view("../x"),
        std::string_view("a/.."), std::string_view("//")})
    EXPECT_THROW(rule_of(pattern, false), Error) << pattern;
}

TEST(AppendRule, KeepsTheTextAndDoesNotRepeatTheLastRule) {
  EXPECT_EQ(append_rule("", "a"), "a\n");
  EXPECT_EQ(append_rule("# note\na", "b"), "# note\na\nb\n");
  EXPECT_EQ(append_rule("a\n", "a"), "a\n");
  EXPECT_EQ(append_rule("a\nb\n", "a"), "a\nb\na\n");
  EXPECT_EQ(list_rules("# note\n\na  \n!b\n"), (std::vector<std::string>{"a", "!b"}));
}

}  // namespace
}  // namespace metamori
