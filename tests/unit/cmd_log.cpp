// How `log` draws lines of descent and reads formats.

#include <gtest/gtest.h>

#include "cmd/dates.hpp"
#include "cmd/graph_drawing.hpp"
#include "cmd/log_format.hpp"
#include "tests/support/temp_dir.hpp"

using namespace metamori;
using namespace metamori::cmd;

namespace {

struct Node {
  std::uint64_t number;
  std::vector<std::uint64_t> ancestors;
};

/// The rows of a list in which each checkpoint has one line, without spaces at their ends.
std::string drawn(const std::vector<Node>& nodes) {
  GraphDrawing graph;
  std::string out;
  const auto add = [&](std::string row) { out += row.erase(row.find_last_not_of(' ') + 1) + '\n'; };
  for (const Node& node : nodes) {
    const GraphDrawing::Rows rows = graph.add(node.number, node.ancestors, '*');
    add(rows.first + std::to_string(node.number));
    for (const std::string& join : rows.joins) add(join);
  }
  return out;
}

TEST(GraphDrawing, OneLineIsOneColumn) { EXPECT_EQ(drawn({{3, {2}}, {2, {1}}, {1, {}}}), "* 3\n* 2\n* 1\n"); }

TEST(GraphDrawing, ABranchJoinsAtItsRoot) {
  EXPECT_EQ(drawn({{5, {4}}, {4, {2}}, {3, {2}}, {2, {1}}, {1, {}}}),
            "* 5\n"
            "* 4\n"
            "| * 3\n"
            "|/\n"
            "* 2\n"
            "* 1\n");
}

TEST(GraphDrawing, ABranchCrossesOthersOnItsWay) {
  EXPECT_EQ(drawn({{6, {1}}, {5, {2}}, {4, {1}}, {2, {1}}, {1, {}}}),
            "* 6\n"
            "| * 5\n"
            "| | * 4\n"
            "|_|/\n"
            "| * 2\n"
            "|/\n"
            "* 1\n");
}

TEST(GraphDrawing, TheLeftColumnIsKeptAlsoIfItIsTheNewerOneThatJoins) {
  EXPECT_EQ(drawn({{5, {3}}, {4, {2}}, {3, {2}}, {2, {}}}),
            "* 5\n"
            "| * 4\n"
            "* | 3\n"
            "|/\n"
            "* 2\n");
}

TEST(GraphDrawing, FreedColumnsAreUsedAgain) {
  EXPECT_EQ(drawn({{9, {8}}, {8, {}}, {7, {6}}, {6, {}}}), "* 9\n* 8\n* 7\n* 6\n");
  EXPECT_EQ(drawn({{9, {2}}, {8, {3}}, {7, {}}, {6, {2}}, {3, {2}}}),
            "* 9\n"
            "| * 8\n"
            "| | * 7\n"
            "| | * 6\n"
            "|_|/\n"
            "| * 3\n"
            "|/\n");
}

TEST(GraphDrawing, SeveralParentsBranchOff) {
  EXPECT_EQ(drawn({{4, {3, 2}}, {3, {1}}, {2, {1}}, {1, {}}}),
            "* 4\n"
            "|\\\n"
            "* | 3\n"
            "| * 2\n"
            "|/\n"
            "* 1\n");
}

TEST(GraphDrawing, FurtherLinesGoOnBelow) {
  GraphDrawing graph;
  EXPECT_EQ(graph.add(3, {1}, '*').further, "| ");
  const GraphDrawing::Rows rows = graph.add(2, {}, 'o');
  EXPECT_EQ(rows.first, "| o ");
  EXPECT_EQ(rows.further, "|   ");
}

class Formatting : public testing::Test {
 protected:
  Formatting() {
    InitOptions init;
    init.directory = directory_.str();
    repository_.emplace(Repository::init(init));
    entry_.checkpoint.number = 17;
    entry_.checkpoint.id.bytes[0] = std::byte{0x3f};
    entry_.checkpoint.line = "main";
    entry_.checkpoint.tags = {"good"};
    entry_.checkpoint.message = "first\x1b line\n\nsecond\nthird\n";
    entry_.checkpoint.metadata = {{"step", "3"}, {"k", "a"}, {"k", "b"}};
    entry_.checkpoint.author = {"Ada", "ada@example.org"};
    entry_.checkpoint.time.seconds = 1'000'000'000;
    entry_.changes = {{"a b", ChangeKind::renamed, "c"}, {"d", ChangeKind::added, {}}};
  }
  std::string render(std::string_view format, bool is_raw = false) {
    return LogFormat(format).render(entry_, {session_, *repository_, nullptr, 1'000'007'200, is_raw});
  }
  test::TempDir directory_;
  std::optional<Repository> repository_;
  CommonOptions common_;
  Environment environment_;
  StringOutput out_;
  StringOutput err_;
  Session session_{common_, environment_, out_, err_};
  LogEntry entry_;
};

TEST_F(Formatting, PlaceholdersAreFilledIn) {
  EXPECT_EQ(render("%# %h"), "17 3f000000");
  EXPECT_EQ(render("%H"), "3f" + std::string(38, '0'));
  EXPECT_EQ(render("a%nb%%c%x41%x0a"), "a\nb%cA\n");
  EXPECT_EQ(render("%an <%ae> %at %ar"), "Ada <ada@example.org> 1000000000 2 hours ago");
  EXPECT_EQ(render("%d|%D"), " (main, tag: good)|main, tag: good");
  EXPECT_EQ(render("%(number) %(line) %(tags)"), "17 main good");
  EXPECT_EQ(render("%(meta:step) %(meta:k) [%(meta:none)]"), "3 a,b []");
  EXPECT_EQ(render("%(paths)"), "'a b' d");
  EXPECT_EQ(render(""), "");
}

TEST_F(Formatting, TextsAreSafeToShowUnlessRawOnesAreWanted) {
  EXPECT_EQ(render("%s|%b"), "first\\x1b line|second\nthird");
  EXPECT_EQ(render("%B"), "first\\x1b line\n\nsecond\nthird");
  EXPECT_EQ(render("%s", true), "first\x1b line");
}

TEST_F(Formatting, WhatIsNoPlaceholderIsAMistake) {
  for (const char* bad : {"%", "%q", "%x4", "%(nothing)", "%(meta:step", "%a"}) {
    try {
      LogFormat{bad};
      ADD_FAILURE() << bad;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage) << bad;
    }
  }
}

TEST(Ages, AreToldInTheUnitThatFits) {
  EXPECT_EQ(format_age(0), "0 seconds ago");
  EXPECT_EQ(format_age(1), "1 second ago");
  EXPECT_EQ(format_age(89), "89 seconds ago");
  EXPECT_EQ(format_age(90), "2 minutes ago");
  EXPECT_EQ(format_age(3600), "60 minutes ago");
  EXPECT_EQ(format_age(2 * 86400), "2 days ago");
  EXPECT_EQ(format_age(400 * 86400), "1 year ago");
  EXPECT_EQ(format_age(-1), "in the future");
}

}  // namespace
