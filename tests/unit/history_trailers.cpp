#include <git2.h>
#include <gtest/gtest.h>

#include "tests/unit/history_support.hpp"

namespace metamori::test {
namespace {

using Trailers = std::vector<std::pair<std::string, std::string>>;

TEST(Trailers, StandInTheirOwnParagraph) {
  EXPECT_EQ(join_trailers("Title", {{"Step", "100"}}), "Title\n\nStep: 100\n");
  EXPECT_EQ(join_trailers("Title\n\nBody.\n", {{"A", "1"}, {"B", " 2 "}}), "Title\n\nBody.\n\nA: 1\nB: 2\n");
  EXPECT_EQ(join_trailers("Title\n\nA: 1\n", {{"B", "2"}}), "Title\n\nA: 1\nB: 2\n");
  EXPECT_EQ(join_trailers("", {{"B", "2"}}), "\nB: 2\n");
  EXPECT_EQ(join_trailers("Title", {}), "Title\n");
}

TEST(Trailers, EqualOnesAreAllKept) { EXPECT_EQ(join_trailers("T", {{"A", "1"}, {"A", "1"}, {"a", "1"}}), "T\n\nA: 1\nA: 1\na: 1\n"); }

TEST(Trailers, AreTakenApartAgain) {
  const SplitMessage split = split_trailers("Title\n\nBody: of text\nmore\n\nStep: 100\nNode: n1\n  and n2\n");
  EXPECT_EQ(split.text, "Title\n\nBody: of text\nmore\n");
  EXPECT_EQ(split.trailers, (Trailers{{"Step", "100"}, {"Node", "n1 and n2"}}));
  EXPECT_TRUE(split_trailers("Title: of one line\n").trailers.empty());
  EXPECT_EQ(split_trailers("Title: of one line\n").text, "Title: of one line\n");
}

TEST(Trailers, LinesAmongThemThatAreNoneStayInTheText) {
  const SplitMessage split = split_trailers("Title\n\nSigned-off-by: me\nodd line\n");
  EXPECT_EQ(split.trailers, (Trailers{{"Signed-off-by", "me"}}));
  EXPECT_EQ(split.text, "Title\nodd line\n");
}

TEST(Trailers, BadKeysAndValuesAreRefused) {
  for (const auto& [key, value] : Trailers{{"", "x"}, {"a b", "x"}, {"a:", "x"}, {"a", "x\ny"}, {"a\xc3", "x"}})
    EXPECT_EQ(error_kind([&, k = key, v = value] { join_trailers("T", {{k, v}}); }), ErrorKind::usage);
}

TEST(Trailers, Libgit2SeesTheSame) {
  for (const std::string message :
       {"Title\n\nBody\n\nKey: value\nOther: x\n  y\n", "Title\n\nKey: value\n", "Key: value\n", "T\n\nnot a trailer\nK: v\n"}) {
    git_message_trailer_array array;
    ASSERT_EQ(git_message_trailers(&array, message.c_str()), 0);
    const SplitMessage split = split_trailers(message);
    ASSERT_EQ(array.count, split.trailers.size()) << message;
    for (std::size_t i = 0; i < array.count; ++i) EXPECT_EQ(array.trailers[i].key, split.trailers[i].first);
    git_message_trailer_array_free(&array);
  }
}

}  // namespace
}  // namespace metamori::test
