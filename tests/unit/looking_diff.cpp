#include <gtest/gtest.h>

#include "core/looking.hpp"
#include "tests/support/engine_world.hpp"

namespace metamori::test {
namespace {

class Diff : public testing::Test {
 protected:
  Diff() {
    disk.make_directories(kTree);
    init_at_tree(disk);
  }
  void take() {
    disk.advance_clock(10'000'000'000);
    checkpoint(disk);
    disk.advance_clock(10'000'000'000);
  }
  void write(const std::string& path, std::string_view text) { disk.write_file(std::string(kTree) + '/' + path, text); }
  void move(const std::string& from, const std::string& to) {
    ASSERT_EQ(disk.rename(AT_FDCWD, ("/tree/" + from).c_str(), AT_FDCWD, ("/tree/" + to).c_str(), RenameMode::replace), 0);
  }
  /// Against the tree, then the same between two checkpoints: both must say the same.
  std::vector<Change> changes(DiffOptions options = {}) {
    options.control.jobs = 1;
    const DiffReport with_tree = diff(*open_at_tree(disk), options);
    checkpoint(disk);
    auto engine = open_at_tree(disk);
    options.from = "HEAD~1";
    options.to = "HEAD";
    const DiffReport between = diff(*engine, options);
    EXPECT_EQ(text(between.changes), text(with_tree.changes));
    options.from = options.to.value();
    EXPECT_TRUE(diff(*engine, options).changes.empty());
    return with_tree.changes;
  }
  static std::string text(const std::vector<Change>& changes) {
    std::string result;
    for (const Change& change : changes) {
      result += "ADM#R"[static_cast<int>(change.kind)];
      if (change.is_conflicted_type) result += 'T';
      result += ' ' + (change.from ? *change.from + " -> " : std::string()) + change.path + '\n';
    }
    return result;
  }
  SimSystem disk;
};

TEST_F(Diff, WithoutACheckpointEverythingIsNew) {
  write("a", "1");
  write("d/b", "22");
  DiffOptions options;
  options.control.jobs = 1;
  const DiffReport report = diff(*open_at_tree(disk), options);
  EXPECT_EQ(text(report.changes), "A a\nA d\nA d/b\n");
  EXPECT_EQ(report.added, 3U);
}

TEST_F(Diff, EachKindOfChangeIsTold) {
  write("changed", "one");
  write("mode", "x");
  write("gone", "only here");
  write("swap", "file");
  write("same", "same");
  write("d/inner", "i");
  take();
  write("changed", "other");
  ASSERT_EQ(disk.set_mode_at(AT_FDCWD, "/tree/mode", 0600), 0);
  ASSERT_EQ(disk.remove_file(AT_FDCWD, "/tree/gone"), 0);
  ASSERT_EQ(disk.remove_file(AT_FDCWD, "/tree/swap"), 0);
  disk.make_directories("/tree/swap");
  write("new", "brand new");
  write("d/inner", "j");
  const auto found = changes();
  EXPECT_EQ(text(found), "M changed\nM d/inner\nD gone\n# mode\nA new\nMT swap\n");
  EXPECT_EQ(found[0].size_before, 3U);
  EXPECT_EQ(found[0].size_after, 5U);
}

TEST_F(Diff, MovedFilesAndDirectoriesAreRenames) {
  write("a/one", "content one");
  write("a/two", "content two");
  write("b", "content b");
  write("twin", "twin");
  write("empty", "");
  take();
  move("a", "moved");
  move("b", "moved-b");
  move("twin", "x");
  write("y", "twin");
  move("empty", "void");
  const auto found = changes();
  EXPECT_EQ(text(found), "D empty\nR a -> moved\nR b -> moved-b\nA void\nR twin -> x\nA y\n");
  EXPECT_EQ(found[2].bytes_changed, 0U);
}

TEST_F(Diff, TheSameNameIsPreferred) {
  write("d1/x", "same");
  write("d1/y", "same");
  take();
  disk.make_directories("/tree/d2");
  move("d1/y", "d2/y");
  move("d1/x", "d2/z");
  write("d1/keep", "k");
  DiffOptions options;
  EXPECT_EQ(text(changes(options)), "A d1/keep\nA d2\nR d1/y -> d2/y\nR d1/x -> d2/z\n");
}

TEST_F(Diff, RenamesCanBeLeftOut) {
  write("a", "content");
  take();
  move("a", "b");
  DiffOptions options;
  options.detect_renames = false;
  EXPECT_EQ(text(changes(options)), "D a\nA b\n");
}

TEST_F(Diff, LinksMadeAndBrokenAreMetadata) {
  write("a", "content");
  write("b", "content");
  take();
  ASSERT_EQ(disk.link(AT_FDCWD, "/tree/a", AT_FDCWD, "/tree/c"), 0);
  EXPECT_EQ(text(changes()), "# a\nA c\n");
  disk.advance_clock(10'000'000'000);
  ASSERT_EQ(disk.remove_file(AT_FDCWD, "/tree/c"), 0);
  EXPECT_EQ(text(changes()), "# a\nD c\n");
}

TEST_F(Diff, DirectoriesWithAnotherTimeAloneAreListedIfAskedFor) {
  write("d/kept", "1");
  take();
  write("d/passing", "x");
  ASSERT_EQ(disk.remove_file(AT_FDCWD, "/tree/d/passing"), 0);
  DiffOptions options;
  EXPECT_EQ(text(changes(options)), "");
  options.from = "1";
  options.to = "2";
  options.directory_times = true;
  EXPECT_EQ(text(diff(*open_at_tree(disk), options).changes), "# d\n");
  ASSERT_EQ(disk.set_mode_at(AT_FDCWD, "/tree/d", 0700), 0);
  EXPECT_EQ(text(changes()), "# d\n");
}

TEST_F(Diff, CanBeStopped) {
  write("a", "1");
  take();
  write("a", "2");
  take();
  const std::atomic<bool> stop{true};
  DiffOptions options;
  options.from = "1";
  options.to = "2";
  options.control.stop = &stop;
  try {
    diff(*open_at_tree(disk), options);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::interrupted);
  }
}

TEST_F(Diff, ScopeLimitsWhatIsLookedAt) {
  write("a/x", "1");
  write("a-b", "1");
  write("c", "1");
  take();
  write("a/x", "2");
  write("a-b", "2");
  write("c", "2");
  DiffOptions options;
  options.paths = {"a", "c/"};
  options.control.jobs = 1;
  EXPECT_EQ(text(diff(*open_at_tree(disk), options).changes), "M a/x\nM c\n");
  take();
  options.from = "1";
  options.to = "2";
  EXPECT_EQ(text(diff(*open_at_tree(disk), options).changes), "M a/x\nM c\n");
  options.paths = {"nothing"};
  EXPECT_EQ(text(diff(*open_at_tree(disk), options).changes), "");
}

TEST_F(Diff, StatusTellsHeadAndWhatChanged) {
  Control control;
  control.jobs = 1;
  EXPECT_FALSE(status(*open_at_tree(disk), control).head);
  write("a", "1");
  take();
  const TreeDescription before = disk.tree("/tree/.metamori/packs");
  write("a", "2");
  const StatusReport report = status(*open_at_tree(disk), control);
  EXPECT_EQ(report.head_number, 1U);
  EXPECT_EQ(report.line, "main");
  EXPECT_FALSE(report.restore_pending);
  EXPECT_EQ(text(report.diff.changes), "M a\n");
  EXPECT_EQ(disk.tree("/tree/.metamori/packs"), before);
}

}  // namespace
}  // namespace metamori::test
