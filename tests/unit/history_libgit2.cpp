#include <git2.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "objects/git/repository_view.hpp"
#include "tests/unit/history_support.hpp"

// libgit2 over the records: what it finds through our backends, and that it touches no file of the current directory.

namespace metamori::test {
namespace {

std::string hex_of(const git_oid* oid) {
  char text[GIT_OID_HEXSZ + 1];
  return git_oid_tostr(text, sizeof text, oid);
}

struct Fixture {
  Fixture() {
    one = repository.add("one\n", 1'700'000'000);
    two = repository.add("two\n", 1'700'000'100);
    Wanted wanted;
    wanted.parents = {one};
    wanted.line = "main-3";
    wanted.seconds = 1'700'000'200;
    wanted.tags = {"v1"};
    three = repository.add(wanted);
  }
  TestRepository repository;
  Position one, two, three;
};

TEST(RepositoryView, ServesObjectsAndReferences) {
  Fixture f;
  RepositoryView view(f.repository.log);
  EXPECT_EQ(view.find("HEAD"), f.three.id);
  EXPECT_EQ(view.find("main~1"), f.one.id);
  EXPECT_EQ(view.find("v1"), f.three.id);
  EXPECT_EQ(view.find("v1^{commit}~1"), f.one.id);
  EXPECT_EQ(view.find(to_hex(f.two.id).substr(0, 9)), f.two.id);
  EXPECT_EQ(view.find("refs/metamori/head@{1}"), f.two.id);
  EXPECT_EQ(view.find("unknown"), std::nullopt);
  EXPECT_EQ(view.find("deadbeef00"), std::nullopt);
  const Record record = f.repository.log.get(2);
  EXPECT_EQ(view.find("main^{tree}"), git_object_id("tree", record.tree));
  EXPECT_EQ(view.find("main:record"), git_object_id("blob", record.blob));
}

TEST(RepositoryView, WalksAndGraphAgree) {
  Fixture f;
  RepositoryView view(f.repository.log);
  git_revwalk* walk = nullptr;
  ASSERT_EQ(git_revwalk_new(&walk, view.repository()), 0);
  git_revwalk_sorting(walk, GIT_SORT_TOPOLOGICAL | GIT_SORT_TIME);
  ASSERT_EQ(git_revwalk_push_glob(walk, "refs/heads/*"), 0);
  std::vector<std::string> ids;
  for (git_oid oid; git_revwalk_next(&oid, walk) == 0;) ids.push_back(hex_of(&oid));
  git_revwalk_free(walk);
  EXPECT_EQ(ids, (std::vector<std::string>{to_hex(f.three.id), to_hex(f.two.id), to_hex(f.one.id)}));
}

TEST(RepositoryView, WritesNothing) {
  Fixture f;
  RepositoryView view(f.repository.log);
  git_reference* reference = nullptr;
  git_oid oid;
  ASSERT_EQ(git_oid_fromstr(&oid, to_hex(f.one.id).c_str()), 0);
  EXPECT_LT(git_reference_create(&reference, view.repository(), "refs/heads/new", &oid, 1, "test"), 0);
  EXPECT_LT(git_reference_remove(view.repository(), "refs/heads/main"), 0);
  EXPECT_LT(git_blob_create_from_buffer(&oid, view.repository(), "x", 1), 0);
  EXPECT_EQ(f.repository.log.highest(), 3U);
}

TEST(RepositoryView, AnErrorOfTheRecordLogComesThrough) {
  Fixture f;
  RepositoryView view(f.repository.log);
  std::filesystem::remove(f.repository.dir / "checkpoints/1");
  f.repository.write("checkpoints/1", "junk");
  EXPECT_EQ(error_kind([&] { view.find(to_hex(f.one.id)); }), ErrorKind::corrupt);
  EXPECT_EQ(view.find("main"), f.two.id);
}

/// Files that libgit2 would read, believe or delete if it took the current directory for its git directory.
TEST(RepositoryView, IgnoresTheCurrentDirectory) {
  Fixture f;
  const TempDir here;
  const std::vector<std::string> names{"MERGE_HEAD",
                                       "MERGE_MSG",
                                       "index",
                                       "shallow",
                                       "BISECT_LOG",
                                       "HEAD",
                                       "config",
                                       "packed-refs",
                                       "ORIG_HEAD",
                                       "sequencer/todo",
                                       "refs/heads/main",
                                       "logs/HEAD",
                                       "rebase-merge/head",
                                       "objects/info/alternates",
                                       "CHERRY_PICK_HEAD",
                                       "REVERT_HEAD",
                                       "commondir",
                                       "gitdir"};
  for (const std::string& name : names) {
    const std::filesystem::path path = here.path() / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << to_hex(f.one.id) << "\n";
  }
  const auto listing = [&] {
    std::vector<std::string> lines;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(here.path())) {
      std::string line = entry.path().string();
      if (entry.is_regular_file()) {
        std::ifstream in(entry.path());
        line += " " + std::string(std::istreambuf_iterator<char>(in), {});
      }
      lines.push_back(line);
    }
    std::sort(lines.begin(), lines.end());
    return lines;
  };
  const auto before = listing();
  const std::filesystem::path old = std::filesystem::current_path();
  ASSERT_EQ(::chdir(here.str().c_str()), 0);
  {
    History history(f.repository.log);
    for (const char* revision : {"HEAD", "latest", "main", "main-3", "v1", "1", "HEAD~1", "HEAD^", "@{0}", "@{1}", "@{1 second ago}",
                                 "main@{1 second ago}", ":/two", "HEAD^{/one}"})
      EXPECT_NO_THROW(history.resolve(revision)) << revision;
    for (const char* revision : {"@{gibberish}", "@{upstream}", "MERGE_HEAD", "ORIG_HEAD", "@undo", "main@{1990-01-01}"})
      EXPECT_EQ(error_kind([&] { history.resolve(revision); }), ErrorKind::bad_revision) << revision;
    EXPECT_EQ(history.walk({f.three}, 9).size(), 2U);
    EXPECT_TRUE(history.is_ancestor(f.one, f.three));
    EXPECT_EQ(history.short_id(f.one.id).size(), 8U);
    EXPECT_TRUE(history.libgit2_awake());
  }
  ASSERT_EQ(::chdir(old.c_str()), 0);
  EXPECT_EQ(listing(), before);
}

}  // namespace
}  // namespace metamori::test
