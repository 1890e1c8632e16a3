#include <gtest/gtest.h>

#include "tests/unit/history_support.hpp"

namespace metamori::test {
namespace {

constexpr std::int64_t kHour = 3600;
constexpr std::int64_t kNoon = 1'700'000'000;

/// 1 - 2 - 3 - 4 (move to 2) - 5 (on main-5) - 6 safety - 7 (merge of 5 and 3)
class Revisions : public ::testing::Test {
 protected:
  void SetUp() override {
    one = repository.add("first\n", kNoon);
    two = repository.add("second: step 20\n", kNoon + kHour);
    three = repository.add("third\n\nNode: n7\n", kNoon + 2 * kHour);
    repository.move_to(two);
    Wanted wanted;
    wanted.parents = {two};
    wanted.line = "main-5";
    wanted.seconds = kNoon + 3 * kHour;
    wanted.tags = {"baseline"};
    wanted.message = "fifth: step 21\n";
    five = repository.add(wanted);
    wanted = {};
    wanted.kind = RecordKind::safety;
    wanted.parents = {five};
    wanted.seconds = kNoon + 4 * kHour;
    wanted.message = "before restore of step 20\n";
    six = repository.add(wanted);
    wanted = {};
    wanted.parents = {five, three};
    wanted.line = "main-5";
    wanted.seconds = kNoon + 5 * kHour;
    seven = repository.add(wanted);
  }
  Position at(const std::string& revision) { return history.resolve(revision); }
  std::optional<ErrorKind> kind(const std::string& revision) {
    return error_kind([&] { history.resolve(revision); });
  }
  TestRepository repository;
  History history{repository.log};
  Position one, two, three, five, six, seven;
};

TEST_F(Revisions, NumbersAndIds) {
  EXPECT_EQ(at("2"), two);
  EXPECT_EQ(at("#2"), two);
  EXPECT_EQ(at("0000002"), two);
  EXPECT_EQ(at("6"), six);
  EXPECT_EQ(at(to_hex(three.id)), three);
  EXPECT_EQ(at(to_hex(three.id).substr(0, 8)), three);
  EXPECT_EQ(at(to_hex(three.id).substr(0, 9)), three);
  std::string upper = to_hex(three.id);
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  EXPECT_EQ(at(upper), three);
  EXPECT_EQ(kind("4"), ErrorKind::bad_revision);  // a move
  EXPECT_EQ(kind("0"), ErrorKind::bad_revision);
  EXPECT_EQ(kind("8"), ErrorKind::bad_revision);
  EXPECT_EQ(kind("#x"), ErrorKind::bad_revision);
  EXPECT_EQ(kind("#"), ErrorKind::bad_revision);
  EXPECT_EQ(kind("00000000"), ErrorKind::bad_revision);
  EXPECT_EQ(kind(to_hex(three.id).substr(0, 7) + "~1"), ErrorKind::bad_revision);
  EXPECT_EQ(kind(to_hex(three.id) + "0"), ErrorKind::bad_revision);
}

TEST_F(Revisions, NamesAndSteps) {
  EXPECT_EQ(at("HEAD"), seven);
  EXPECT_EQ(at("@"), seven);
  EXPECT_EQ(at("latest"), seven);
  EXPECT_EQ(at("main"), three);
  EXPECT_EQ(at("main-5"), seven);
  EXPECT_EQ(at("baseline"), five);
  EXPECT_EQ(at("HEAD~"), five);
  EXPECT_EQ(at("HEAD~0"), seven);
  EXPECT_EQ(at("HEAD~3"), one);
  EXPECT_EQ(at("HEAD^"), five);
  EXPECT_EQ(at("HEAD^0"), seven);
  EXPECT_EQ(at("HEAD^2"), three);
  EXPECT_EQ(at("HEAD^2~1"), two);
  EXPECT_EQ(at("HEAD~1^^"), one);
  EXPECT_EQ(at("baseline~2"), one);
  EXPECT_EQ(at("3~1"), two);
  EXPECT_EQ(at("#3^{}"), three);
  EXPECT_EQ(at("3^{commit}~1"), two);
  EXPECT_EQ(at(to_hex(three.id).substr(0, 10) + "~2"), one);
  EXPECT_EQ(kind("HEAD~4"), ErrorKind::bad_revision);
  EXPECT_EQ(kind("HEAD^3"), ErrorKind::bad_revision);
  EXPECT_EQ(kind("1^"), ErrorKind::bad_revision);
  for (const char* bad :
       {"", "~1", "^", "HEAD~x", "HEAD^{tree}", "HEAD^{", "HEAD@{", "HEAD@{}", "HEAD~9999999999", "a\nb", ":/", "HEAD~1@{1}"})
    EXPECT_EQ(kind(bad), ErrorKind::bad_revision) << bad;
}

TEST_F(Revisions, UndoCountsSafetyCheckpoints) {
  EXPECT_EQ(at("@undo"), six);
  EXPECT_EQ(at("@undo~0"), six);
  EXPECT_EQ(at("@undo^"), five);
  EXPECT_EQ(kind("@undo~1"), ErrorKind::bad_revision);
  Wanted wanted;
  wanted.kind = RecordKind::safety;
  const Position eight = repository.add(wanted);
  EXPECT_EQ(at("@undo"), eight);
  EXPECT_EQ(at("@undo~1"), six);
  EXPECT_EQ(at("@undo~1~1"), five);
  EXPECT_EQ(at("latest"), seven);
}

TEST_F(Revisions, ThePastOfHeadAndOfLines) {
  EXPECT_EQ(at("@{0}"), seven);
  EXPECT_EQ(at("@{1}"), five);
  EXPECT_EQ(at("HEAD@{2}"), two);
  EXPECT_EQ(at("@{3}"), three);
  EXPECT_EQ(at("@{4}~1"), one);
  EXPECT_EQ(at("main@{1}"), two);
  EXPECT_EQ(at("main-5@{1}"), five);
  EXPECT_EQ(kind("@{6}"), ErrorKind::bad_revision);
  EXPECT_EQ(kind("main@{3}"), ErrorKind::bad_revision);
  EXPECT_EQ(kind("nothing@{1}"), ErrorKind::bad_revision);
  EXPECT_EQ(kind("baseline@{1}"), ErrorKind::bad_revision);
  EXPECT_FALSE(history.libgit2_awake());
}

TEST_F(Revisions, DatesAreThoseOfLibgit2) {
  const auto dated = [](std::int64_t seconds) {
    const std::time_t time = seconds;
    std::tm fields{};
    ::localtime_r(&time, &fields);
    char text[64];
    std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &fields);
    return std::string(text);
  };
  EXPECT_EQ(at("@{" + dated(kNoon + 30) + "}"), one);
  EXPECT_EQ(at("@{" + dated(kNoon) + "}"), one);
  EXPECT_EQ(at("@{" + dated(kNoon + 2 * kHour + 60) + "}"), two);  // HEAD went back right after three was made
  EXPECT_EQ(at("main@{" + dated(kNoon + 2 * kHour + 60) + "}"), three);
  EXPECT_EQ(at("main-5@{" + dated(kNoon + 4 * kHour) + "}"), five);
  EXPECT_EQ(at("@{" + dated(kNoon + 9 * kHour) + "}~1"), five);
  EXPECT_EQ(at("@{1 hour ago}"), seven);
  EXPECT_EQ(at("@{yesterday}"), seven);
  EXPECT_TRUE(history.libgit2_awake());
  EXPECT_EQ(kind("@{" + dated(kNoon - 60) + "}"), ErrorKind::bad_revision);
  EXPECT_NE(error_text([&] { at("@{" + dated(kNoon - 60) + "}"); }).first.find("no checkpoint yet at that time"), std::string::npos);
  EXPECT_EQ(kind("main-5@{" + dated(kNoon + kHour) + "}"), ErrorKind::bad_revision);
  EXPECT_NE(error_text([&] { at("@{gibberish}"); }).first.find("not understood as a date"), std::string::npos);
  for (const char* bad : {"@{-1}", "@{upstream}", "@{push}", "main@{u}"}) EXPECT_EQ(kind(bad), ErrorKind::bad_revision) << bad;
}

TEST_F(Revisions, DatesSeeWhatCameSince) {
  EXPECT_EQ(at("@{1 second ago}"), seven);
  const Position eight = repository.add("later", kNoon + 6 * kHour);
  EXPECT_EQ(at("@{1 second ago}"), eight);
}

TEST_F(Revisions, RelativeDates) {
  TestRepository recent;
  History past(recent.log);
  const std::int64_t now = real_system().now().seconds;
  const Position old = recent.add("old", now - 3 * kHour);
  const Position newer = recent.add("newer", now - kHour);
  EXPECT_EQ(past.resolve("@{2 hours ago}"), old);
  EXPECT_EQ(past.resolve("@{10 minutes ago}"), newer);
  EXPECT_EQ(past.resolve("main@{90.minutes.ago}"), old);
  EXPECT_EQ(error_kind([&] { past.resolve("@{4 hours ago}"); }), ErrorKind::bad_revision);
}

TEST_F(Revisions, MessagesAreSearchedNewestFirst) {
  EXPECT_EQ(at(":/step"), five);
  EXPECT_EQ(at(":/step 20"), two);  // not the safety checkpoint
  EXPECT_EQ(at(":/step [0-9]0"), two);
  EXPECT_EQ(at(":/Node: n7"), three);
  EXPECT_EQ(at(":/^third"), three);
  EXPECT_EQ(kind(":/STEP"), ErrorKind::bad_revision);
  EXPECT_EQ(kind(":/["), ErrorKind::bad_revision);
  EXPECT_EQ(at("3^{/step}"), two);
  EXPECT_EQ(at("HEAD^{/first}"), one);
  repository.forget(five);
  EXPECT_EQ(at(":/step"), two);
}

TEST_F(Revisions, ForgottenOnesAreSteppedOver) {
  repository.forget(five);
  EXPECT_EQ(at("HEAD~1"), two);
  EXPECT_EQ(at("HEAD^"), two);
  EXPECT_EQ(at("HEAD~2"), one);
  EXPECT_EQ(at("5"), five);
  EXPECT_EQ(at(to_hex(five.id)), five);
  EXPECT_EQ(at("5~1"), two);
  EXPECT_EQ(at("@{1}"), two);
  EXPECT_EQ(kind("baseline"), ErrorKind::bad_revision);
  repository.forget(seven);
  EXPECT_EQ(at("latest"), three);
  EXPECT_EQ(history.walk({seven}, 10), (std::vector<Position>{three, two, one}));
}

TEST_F(Revisions, WalksGoNewestFirst) {
  EXPECT_EQ(history.walk({seven}, 10), (std::vector<Position>{seven, five, three, two, one}));
  EXPECT_EQ(history.walk({seven}, 2), (std::vector<Position>{seven, five}));
  EXPECT_EQ(history.walk({three, six, three}, 10), (std::vector<Position>{six, five, three, two, one}));
  EXPECT_TRUE(history.walk({}, 10).empty());
  EXPECT_TRUE(history.walk({seven}, 0).empty());
  EXPECT_TRUE(history.walk({Position{}}, 10).empty());
}

TEST_F(Revisions, Ancestors) {
  EXPECT_TRUE(history.is_ancestor(one, seven));
  EXPECT_TRUE(history.is_ancestor(three, seven));
  EXPECT_TRUE(history.is_ancestor(seven, seven));
  EXPECT_FALSE(history.is_ancestor(three, five));
  EXPECT_FALSE(history.is_ancestor(seven, one));
  EXPECT_FALSE(history.is_ancestor({two.number, one.id}, seven));
}

TEST_F(Revisions, ShortIdsResolve) {
  for (const Position& position : {one, two, three, five, six, seven}) {
    EXPECT_EQ(history.short_id(position.id), to_hex(position.id).substr(0, 8));
    EXPECT_EQ(at(history.short_id(position.id)), position);
  }
}

TEST_F(Revisions, UnknownOnesGetAdvice) {
  const auto [message, hint] = error_text([&] { at("baselin"); });
  EXPECT_NE(message.find("baselin"), std::string::npos);
  EXPECT_NE(hint.find("did you mean 'baseline'?"), std::string::npos) << hint;
  EXPECT_NE(error_text([&] { at("mian~1"); }).second.find("main"), std::string::npos);
  EXPECT_NE(error_text([&] { at("nothing-like-it"); }).second.find("metamori log"), std::string::npos);
  EXPECT_NE(error_text([&] { at("abc1234"); }).second.find("8 digits"), std::string::npos);
}

TEST_F(Revisions, ADamagedRecordIsNamedWhenItIsNeeded) {
  std::filesystem::remove(repository.dir / "checkpoints/2");
  repository.write("checkpoints/2", "junk");
  EXPECT_EQ(kind("2"), ErrorKind::corrupt);
  EXPECT_EQ(kind("HEAD~3"), ErrorKind::corrupt);
  EXPECT_EQ(at("HEAD^2"), three);
  EXPECT_EQ(history.walk({seven}, 3).size(), 3U);
  EXPECT_EQ(error_kind([&] { history.walk({seven}, 10); }), ErrorKind::corrupt);
  std::filesystem::remove(repository.dir / "checkpoints/2");
  EXPECT_EQ(kind("HEAD~3"), ErrorKind::corrupt);
}

TEST(RevisionsOfNothing, SayThatThereIsNoCheckpointYet) {
  TestRepository repository;
  History history(repository.log);
  for (const char* revision : {"HEAD", "latest", "1", "@undo", "main", "@{1}", ":/x", "deadbeef00"}) {
    const auto [message, hint] = error_text([&] { history.resolve(revision); });
    EXPECT_EQ(message, "no checkpoint yet") << revision;
  }
}

TEST(RevisionsOfNothing, HeadMayBeBeforeTheFirst) {
  TestRepository repository;
  Wanted copied;
  copied.moves_head = false;
  const Position one = repository.add(copied);
  History history(repository.log);
  EXPECT_EQ(history.resolve("latest"), one);
  EXPECT_EQ(error_kind([&] { history.resolve("HEAD"); }), ErrorKind::bad_revision);
}

/// Ids that share eight digits are rare: records whose commits differ in the time until two do in four, asked through the prefix search.
TEST(AmbiguousPrefixes, ListTheirCandidates) {
  TestRepository repository;
  Wanted wanted;
  wanted.moves_head = false;
  // Found by search: with these times the two commits' ids begin alike.
  std::unordered_map<std::string, std::int64_t> seen;
  std::optional<std::pair<std::int64_t, std::int64_t>> pair;
  for (std::int64_t time = 1; !pair && time < 400'000; ++time) {
    wanted.seconds = time;
    const std::string prefix = to_hex(make_record(1, wanted, {}).id()).substr(0, 8);
    const auto [place, is_new] = seen.emplace(prefix, time);
    if (!is_new) pair = {place->second, time};
  }
  if (!pair) GTEST_SKIP() << "no two ids that begin alike were found";
  // The record's root depends on its number; both must be made as number 1 and 2 of equal content, so the blob is taken from the first.
  Record records[2];
  for (int i = 0; i < 2; ++i) {
    wanted.seconds = i == 0 ? pair->first : pair->second;
    records[i] = make_record(1, wanted, {});
    records[i].number = static_cast<std::uint64_t>(i + 1);
    records[i].head_after = {};
    ASSERT_TRUE(repository.log.publish(records[i]));
  }
  History history(repository.log);
  const std::string prefix = to_hex(records[0].id()).substr(0, 8);
  const auto [message, hint] = error_text([&] { history.resolve(prefix); });
  EXPECT_NE(message.find("ambiguous"), std::string::npos);
  for (const Record& record : records) {
    EXPECT_NE(hint.find("#" + std::to_string(record.number) + " " + to_hex(record.id())), std::string::npos) << hint;
    EXPECT_GT(history.short_id(record.id()).size(), 8U);
    EXPECT_EQ(history.resolve(history.short_id(record.id())).number, record.number);
  }
  EXPECT_NE(hint.find("1970-01-"), std::string::npos);
  EXPECT_NE(hint.find("a checkpoint"), std::string::npos);
}

TEST_F(Revisions, TheFirstDigitsOfAnIdAreExplainedAlsoIfTheyLookLikeANumber) {
  Wanted wanted;
  std::string digits;
  do {
    wanted.message += ".";
    digits = to_hex(make_record(8, wanted, seven).id()).substr(0, 7);
  } while (digits.find_first_not_of("0123456789") != std::string::npos);
  const std::string id = to_hex(repository.add(wanted).id);
  ASSERT_EQ(id.substr(0, 7), digits);
  try {
    at(digits);
    FAIL() << digits;
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::bad_revision);
    EXPECT_NE(error.hint().find("ids need at least 8 digits: " + id.substr(0, 8)), std::string::npos) << error.hint();
  }
}

}  // namespace
}  // namespace metamori::test
