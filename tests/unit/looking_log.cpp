// Log, listings, content, tags and rules over real checkpoints on the simulated disk.

#include <gtest/gtest.h>

#include "tests/unit/looking_support.hpp"

namespace metamori::test {
namespace {

TEST_F(Looking, AnEmptyLogIsNoError) {
  EXPECT_TRUE(numbers({}).empty());
  LogOptions options;
  options.from = "17";
  EXPECT_THROW(numbers(options), Error);
}

TEST_F(Looking, LogFiltersByPathMetadataTimeAndNumber) {
  write("a", "1");
  write("dir/b", "1");
  take("one", {{"Step", "1"}});
  write("a", "two");
  const std::int64_t second = take("two", {{"Step", "2"}, {"Kind", "x"}}).time.seconds;
  write("dir/b", "three");
  take("three", {{"Step", "3"}, {"Kind", "x"}});
  ASSERT_EQ(disk.remove_file(AT_FDCWD, "/tree/a"), 0);
  take("four");
  EXPECT_EQ(numbers({}), (Numbers{4, 3, 2, 1}));
  EXPECT_EQ(numbers(with([&](LogOptions& o) { o.limit = 2; })), (Numbers{4, 3}));
  EXPECT_EQ(numbers(with([&](LogOptions& o) { o.from = "HEAD~2"; })), (Numbers{2, 1}));
  EXPECT_EQ(numbers(with([&](LogOptions& o) { o.paths = {"a"}; })), (Numbers{4, 2, 1}));
  EXPECT_EQ(numbers(with([&](LogOptions& o) { o.paths = {"dir/"}; })), (Numbers{3, 1}));
  EXPECT_EQ(numbers(with([&](LogOptions& o) {
              o.paths = {"dir", "a"};
              o.limit = 2;
            })),
            (Numbers{4, 3}));
  EXPECT_EQ(numbers(with([&](LogOptions& o) { o.paths = {"nothing"}; })), Numbers{});
  EXPECT_EQ(numbers(with([&](LogOptions& o) { o.metadata = {{"Kind", "x"}}; })), (Numbers{3, 2}));
  EXPECT_EQ(numbers(with([&](LogOptions& o) { o.metadata = {{"Kind", "x"}, {"Step", "3"}}; })), (Numbers{3}));
  EXPECT_EQ(numbers(with([&](LogOptions& o) { o.since_seconds = second; })), (Numbers{4, 3, 2}));
  EXPECT_EQ(numbers(with([&](LogOptions& o) { o.until_seconds = second; })), (Numbers{2, 1}));
  EXPECT_EQ(numbers(with([&](LogOptions& o) { o.from = "1..3"; })), (Numbers{3, 2}));
  EXPECT_EQ(numbers(with([&](LogOptions& o) { o.from = "2.."; })), (Numbers{4, 3}));
  EXPECT_THROW(numbers(with([&](LogOptions& o) { o.paths = {"../x"}; })), Error);
}

TEST_F(Looking, CheckpointsAreDescribed) {
  write("a", "12345");
  take("hello\n\nmore", {{"Step", "7"}}, {"good"});
  auto engine = open_at_tree(disk);
  const CheckpointInfo info = describe_checkpoint(*engine, engine->history->resolve("HEAD"), true);
  EXPECT_EQ(info.number, 1U);
  EXPECT_EQ(info.files, 1U);
  EXPECT_EQ(info.bytes_total, 5U);
  EXPECT_GT(info.bytes_added, 0U);
  EXPECT_EQ(info.line, "main");
  EXPECT_TRUE(info.message.starts_with("hello\n\nmore")) << info.message;
  EXPECT_EQ(info.metadata, (Metadata{{"Step", "7"}}));
  EXPECT_EQ(info.tags, (std::vector<std::string>{"good"}));
  EXPECT_FALSE(info.root.is_zero());
}

TEST_F(Looking, TagsMoveOnlyByForce) {
  write("a", "1");
  take("one", {}, {"first"});
  write("a", "2");
  take("two");
  auto engine = open_at_tree(disk);
  add_tag(*engine, "good", "1", false);
  EXPECT_THROW(add_tag(*engine, "good", "2", false), Error);
  EXPECT_THROW(add_tag(*engine, "first", "2", false), Error);
  EXPECT_NO_THROW(add_tag(*engine, "good", "1", false));
  add_tag(*engine, "good", "2", true);
  add_tag(*engine, "first", "2", true);
  EXPECT_EQ(describe_checkpoint(*engine, engine->history->resolve("good"), false).tags, (std::vector<std::string>{"first", "good"}));
  EXPECT_TRUE(describe_checkpoint(*engine, engine->history->resolve("1"), false).tags.empty());
  remove_tag(*engine, "first");
  EXPECT_THROW(remove_tag(*engine, "first"), Error);
  ASSERT_EQ(list_tags(*engine).size(), 1U);
  EXPECT_EQ(list_tags(*engine)[0].checkpoint.number, 2U);
  for (const char* bad : {"", "17", "HEAD", "main", "abcdef12", "a..b", "a b", "a~1"})
    EXPECT_THROW(add_tag(*engine, bad, "1", false), Error) << bad;
}

TEST_F(Looking, ListingsAndContentComeBack) {
  const std::string content(300'000, 'x');
  write("d/big", content);
  write("d/e/small", "abc");
  ASSERT_EQ(disk.link(AT_FDCWD, "/tree/d/big", AT_FDCWD, "/tree/d/same"), 0);
  take("one");
  auto engine = open_at_tree(disk);
  const Position head = engine->log->head();
  std::vector<std::string> names;
  std::string linked;
  const auto note = [&](const NodeInfo& info) {
    names.push_back(info.path);
    if (!info.linked_to.empty()) linked = info.path + "=" + info.linked_to;
  };
  list_nodes(*engine, head, "", false, note);
  EXPECT_EQ(names, (std::vector<std::string>{"d"}));
  names.clear();
  list_nodes(*engine, head, "d/", true, note);
  EXPECT_EQ(names, (std::vector<std::string>{"d/big", "d/e", "d/e/small", "d/same"}));
  EXPECT_EQ(linked, "d/same=d/big");
  EXPECT_THROW(list_nodes(*engine, head, "none", false, note), Error);

  const auto read = [&](const char* path, ContentRange range) {
    std::string text;
    read_node(*engine, head, path, range, [&](ByteView bytes) { text += as_text(bytes); });
    return text;
  };
  EXPECT_EQ(read("d/big", {}), content);
  EXPECT_EQ(read("d/big", {100'000, 1000}), content.substr(100'000, 1000));
  EXPECT_EQ(read("d/e/small", {1, {}}), "bc");
  EXPECT_EQ(read("d/e/small", {3, 5}), "");
  EXPECT_EQ(read("d/e/small", {99, {}}), "");
  EXPECT_THROW(read("d", {}), Error);
}

TEST_F(Looking, ARangeIsReadWithoutTheRest) {
  std::string content(20'000'000, '\0');
  std::uint32_t state = 1;
  for (char& byte : content) byte = static_cast<char>((state = state * 1664525U + 1013904223U) >> 24);
  write("big", content);
  take("one");
  auto engine = open_at_tree(disk);
  const Position head = engine->log->head();
  const Entry entry = *find_path(*engine->store, get_root(*engine->store, get_root_id(*engine, head)), "big");
  ExtentCursor cursor(*engine->store, entry.content);
  std::vector<ChunkId> others;
  for (; const Extent* extent = cursor.current(); cursor.next()) {
    const bool is_needed = cursor.offset() < 10'001'000 && cursor.offset() + extent->length > 10'000'000;
    if (!is_needed) others.push_back(extent->id);
  }
  damage(*engine, others);
  auto again = open_at_tree(disk);
  std::string text;
  read_node(*again, head, "big", {10'000'000, 1000}, [&](ByteView bytes) { text += as_text(bytes); });
  EXPECT_EQ(text, content.substr(10'000'000, 1000));
  EXPECT_THROW(read_node(*again, head, "big", {0, 1000}, [](ByteView) {}), Error);
}

TEST_F(Looking, HolesReadAsZeros) {
  write("sparse", "head");
  const int fd = disk.open_at(AT_FDCWD, "/tree/sparse", O_WRONLY, 0);
  ASSERT_EQ(disk.truncate(fd, 10'000'000), 0);
  const Bytes tail = to_bytes("tail");
  ASSERT_EQ(disk.write_at(fd, tail, 9'999'000), 4);
  disk.close(fd);
  take("one");
  auto engine = open_at_tree(disk);
  std::string text;
  read_node(*engine, engine->log->head(), "sparse", {2, 9'999'000}, [&](ByteView bytes) { text += as_text(bytes); });
  std::string expected(9'999'000, '\0');
  expected.replace(0, 2, "ad").replace(9'998'998, 2, "ta");
  EXPECT_EQ(text, expected);
}

TEST_F(Looking, TheFirstTrackSaysSo) {
  auto engine = open_at_tree(disk);
  EXPECT_THROW(append_rules(*engine, {"ok", ""}, false), Error);
  EXPECT_EQ(read_rules(*engine), "");
  EXPECT_TRUE(append_rules(*engine, {"*.dat", "!odd"}, false));
  EXPECT_FALSE(append_rules(*engine, {"*.log"}, false));
  append_rules(*engine, {"old.dat"}, true);
  EXPECT_EQ(read_rules(*engine), "*.dat\n\\!odd\n*.log\n!old.dat\n");
  engine->read_only = true;
  EXPECT_THROW(append_rules(*engine, {"x"}, false), Error);
}

}  // namespace
}  // namespace metamori::test
