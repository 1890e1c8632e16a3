#include <gtest/gtest.h>

#include "tests/unit/history_support.hpp"

namespace metamori::test {
namespace {

Wanted tagged(std::vector<std::string> tags) {
  Wanted wanted;
  wanted.tags = std::move(tags);
  return wanted;
}

std::vector<std::string> names_of(RecordLog& log) {
  std::vector<std::string> names;
  for (const Tag& tag : log.tags()) names.push_back(tag.name);
  return names;
}

TEST(Tags, ComeFromRecordsAndFromFiles) {
  TestRepository repository;
  const Position one = repository.add(tagged({"first"}));
  const Position two = repository.add(tagged({}));
  repository.log.set_tag("second", two);
  EXPECT_EQ(repository.log.find_tag("first"), one);
  EXPECT_EQ(repository.log.find_tag("second"), two);
  EXPECT_EQ(repository.log.find_tag("third"), std::nullopt);
  EXPECT_EQ(names_of(repository.log), (std::vector<std::string>{"first", "second"}));
}

TEST(Tags, FilesOutweighRecordsAndLaterRecordsEarlierOnes) {
  TestRepository repository;
  const Position one = repository.add(tagged({"a", "b"}));
  const Position two = repository.add(tagged({"a"}));
  EXPECT_EQ(repository.log.find_tag("a"), two);
  repository.log.set_tag("a", one);
  EXPECT_EQ(repository.log.find_tag("a"), one);
  repository.log.set_tag("b", {});
  EXPECT_EQ(repository.log.find_tag("b"), std::nullopt);
  EXPECT_EQ(names_of(repository.log), (std::vector<std::string>{"a"}));
  EXPECT_EQ(repository.log.tags().front().target, one);
}

TEST(Tags, FilesAreWrittenAsTheFormatSays) {
  TestRepository repository;
  const Position one = repository.add("one");
  repository.log.set_tag("a/\xc3\xa4.x_y-z%", one);
  const std::string text = repository.read("refs/tags/a%2F%C3%A4.x_y-z%25");
  const std::string head = "metamori-ref 1\nnumber 1\nid " + to_hex(one.id) + "\ntime ";
  EXPECT_EQ(text.substr(0, head.size()), head);
  const std::size_t last = text.rfind("sha256 ");
  EXPECT_EQ(text.substr(last), "sha256 " + to_hex(sha256(as_bytes(text.substr(0, last)))) + "\n");
  EXPECT_EQ(names_of(repository.log), (std::vector<std::string>{"a/\xc3\xa4.x_y-z%"}));
  repository.log.set_tag(".hidden", one);
  EXPECT_TRUE(repository.has("refs/tags/%2Ehidden"));
}

TEST(Tags, NamesThatLookLikeOtherRevisionsAreRefused) {
  TestRepository repository;
  const Position one = repository.add("one");
  const std::vector<std::string> bad{"",
                                     "1",
                                     "1234567",
                                     "abcdef01",
                                     "12345678",
                                     "DEADBEEF00",
                                     "HEAD",
                                     "latest",
                                     "@x",
                                     "-x",
                                     ":x",
                                     "#x",
                                     "a..b",
                                     "a~",
                                     "a^b",
                                     "a b",
                                     "a\tb",
                                     "a\nb",
                                     "a\x7f",
                                     "a:b",
                                     "a@{1}",
                                     "main",
                                     "main-7",
                                     std::string(101, 'x'),
                                     std::string(90, '\xff')};
  for (const std::string& name : bad) EXPECT_EQ(error_kind([&] { repository.log.set_tag(name, one); }), ErrorKind::usage) << name;
  for (const std::string name : {"v1", "abcdef0", "g1234567", "head", "main-x", "x@y", "a.b", "\xc3\xa4"}) {
    repository.log.set_tag(name, one);
    EXPECT_EQ(repository.log.find_tag(name), one) << name;
  }
  EXPECT_EQ(repository.log.find_tag(std::string(300, 'x')), std::nullopt);
  EXPECT_EQ(repository.log.find_tag(""), std::nullopt);
}

TEST(Tags, EveryFlippedByteOfAFileIsCorrupt) {
  TestRepository repository;
  const Position one = repository.add(tagged({"t"}));
  repository.log.set_tag("t", one);
  repository.log.set_tag("u", one);
  const std::string text = repository.read("refs/tags/t");
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string damaged = text;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    repository.write("refs/tags/t", damaged);
    ASSERT_EQ(error_kind([&] { repository.log.find_tag("t"); }), ErrorKind::corrupt) << i;
    ASSERT_EQ(names_of(repository.log), (std::vector<std::string>{"u"}));
    ASSERT_EQ(repository.log.damaged_refs(), (std::vector<std::string>{".metamori/refs/tags/t"}));
  }
  repository.log.set_tag("t", one);
  EXPECT_TRUE(repository.log.damaged_refs().empty());
}

TEST(Pins, AreSetAndTakenAway) {
  TestRepository repository;
  for (int i = 0; i < 12; ++i) repository.add("c");
  for (const std::uint64_t number : {11, 2}) repository.log.set_pin(number, true);
  EXPECT_EQ(repository.log.pins(), (std::vector<std::uint64_t>{2, 11}));
  repository.log.set_pin(2, false);
  repository.log.set_pin(3, false);
  EXPECT_EQ(repository.log.pins(), (std::vector<std::uint64_t>{11}));
  EXPECT_EQ(error_kind([&] { repository.log.set_pin(99, true); }), ErrorKind::bad_revision);
  // A damaged pin still pins, and is told.
  repository.write("refs/pins/11", "junk");
  EXPECT_EQ(repository.log.pins(), (std::vector<std::uint64_t>{11}));
  EXPECT_EQ(repository.log.damaged_refs(), (std::vector<std::string>{".metamori/refs/pins/11"}));
}

}  // namespace
}  // namespace metamori::test
