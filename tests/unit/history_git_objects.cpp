#include <git2.h>
#include <gtest/gtest.h>

#include "tests/unit/history_support.hpp"

namespace metamori::test {
namespace {

Commit sample(const std::string& name, const std::string& email, std::int32_t offset) {
  Commit commit;
  commit.tree = git_object_id("tree", encode_record_tree(git_object_id("blob", as_bytes("hello\n"))));
  commit.parents = {git_object_id("commit", as_bytes("one")), git_object_id("commit", as_bytes("two"))};
  commit.author = {name, email, 1700000000, offset};
  commit.committer = {"Committer", "c@example.org", 1700000001, -offset};
  commit.message = "Title\n\nBody\n\nKey: value\n";
  return commit;
}

TEST(GitObjects, TreeAndBlobAreThoseOfGit) {
  if (!has_git()) GTEST_SKIP() << "git is not installed";
  const TempDir dir;
  ASSERT_TRUE(output_of("git init -q --bare '" + dir.str() + "' 2>&1"));
  const std::string git = "git --git-dir='" + dir.str() + "' ";
  const auto blob = output_of("printf 'hello\\n' | " + git + "hash-object -w --stdin");
  ASSERT_TRUE(blob);
  const CheckpointId blob_id = git_object_id("blob", as_bytes("hello\n"));
  EXPECT_EQ(*blob, to_hex(blob_id) + "\n");
  const auto tree = output_of("printf '100644 blob " + to_hex(blob_id) + "\\trecord\\n' | " + git + "mktree");
  ASSERT_TRUE(tree);
  EXPECT_EQ(*tree, to_hex(git_object_id("tree", encode_record_tree(blob_id))) + "\n");
}

TEST(GitObjects, CommitIsThatOfGit) {
  if (!has_git()) GTEST_SKIP() << "git is not installed";
  const TempDir dir;
  const std::string git = "git --git-dir='" + dir.str() + "' ";
  ASSERT_TRUE(output_of("git init -q --bare '" + dir.str() + "' 2>&1"));
  ASSERT_TRUE(output_of("printf 'hello\\n' | " + git + "hash-object -w --stdin"));
  ASSERT_TRUE(output_of("printf '100644 blob " + to_hex(git_object_id("blob", as_bytes("hello\n"))) + "\\trecord\\n' | " + git + "mktree"));
  struct Who {
    std::string name, email;
    std::int32_t offset;
    std::string zone;
  };
  for (const Who& who : {Who{"Ann Example", "ann@example.org", 60, "+0100"}, Who{" .Ann <x> \"Ex\". ", "<ann@example.org>", -210, "-0330"},
                         Who{"J\xc3\xbcrgen", "j", 0, "+0000"}}) {
    Commit commit = sample(who.name, who.email, who.offset);
    commit.parents.clear();
    commit.committer = {"Committer", "c@example.org", 1700000001, who.offset};
    const std::string environment =
        "GIT_AUTHOR_NAME='" + who.name + "' GIT_AUTHOR_EMAIL='" + who.email + "' GIT_AUTHOR_DATE='1700000000 " + who.zone +
        "' GIT_COMMITTER_NAME=Committer GIT_COMMITTER_EMAIL=c@example.org GIT_COMMITTER_DATE='1700000001 " + who.zone + "' ";
    const auto id = output_of("printf 'Title\\n\\nBody\\n\\nKey: value\\n' | " + environment + git + "commit-tree " + to_hex(commit.tree) +
                              " 2>/dev/null");
    ASSERT_TRUE(id) << who.name;
    EXPECT_EQ(*id, to_hex(git_object_id("commit", encode_commit(commit))) + "\n") << as_text(encode_commit(commit));
  }
}

TEST(GitObjects, CommitIsThatOfLibgit2) {
  git_libgit2_init();
  for (const std::int32_t offset : {0, 60, -210, 839}) {
    const Commit commit = sample("Ann Example", "ann@example.org", offset);
    const Bytes bytes = encode_commit(commit);
    git_oid oid;
    ASSERT_EQ(git_odb_hash(&oid, bytes.data(), bytes.size(), GIT_OBJECT_COMMIT), 0);
    EXPECT_EQ(std::memcmp(oid.id, git_object_id("commit", bytes).bytes.data(), 20), 0);
    // libgit2 makes the same bytes from the same parts.
    git_odb* odb = nullptr;
    git_repository* repository = nullptr;
    const TempDir dir;
    ASSERT_EQ(git_repository_init(&repository, dir.str().c_str(), 1), 0);
    ASSERT_EQ(git_repository_odb(&odb, repository), 0);
    const auto store = [&](git_object_t type, const Bytes& content) {
      git_oid id;
      EXPECT_EQ(git_odb_write(&id, odb, content.data(), content.size(), type), 0);
      return id;
    };
    store(GIT_OBJECT_BLOB, to_bytes("hello\n"));
    const git_oid tree_id = store(GIT_OBJECT_TREE, encode_record_tree(git_object_id("blob", as_bytes("hello\n"))));
    git_tree* tree = nullptr;
    ASSERT_EQ(git_tree_lookup(&tree, repository, &tree_id), 0);
    git_signature* author = nullptr;
    git_signature* committer = nullptr;
    ASSERT_EQ(git_signature_new(&author, "Ann Example", "ann@example.org", 1700000000, offset), 0);
    ASSERT_EQ(git_signature_new(&committer, "Committer", "c@example.org", 1700000001, -offset), 0);
    git_buf made = GIT_BUF_INIT;
    ASSERT_EQ(git_commit_create_buffer(&made, repository, author, committer, nullptr, commit.message.c_str(), tree, 0, nullptr), 0);
    Commit without_parents = commit;
    without_parents.parents.clear();
    EXPECT_EQ(std::string(made.ptr, made.size), as_text(encode_commit(without_parents)));
    // And reads ours.
    const git_oid id = store(GIT_OBJECT_COMMIT, bytes);
    git_commit* read = nullptr;
    ASSERT_EQ(git_commit_lookup(&read, repository, &id), 0);
    EXPECT_EQ(git_commit_message(read), commit.message);
    EXPECT_EQ(git_commit_parentcount(read), 2U);
    EXPECT_EQ(git_commit_author(read)->when.offset, offset);
    git_commit_free(read);
    git_buf_dispose(&made);
    git_signature_free(author);
    git_signature_free(committer);
    git_tree_free(tree);
    git_odb_free(odb);
    git_repository_free(repository);
  }
  git_libgit2_shutdown();
}

TEST(GitObjects, CommitComesBack) {
  const Commit commit = sample("Ann", "a@b", -210);
  const Commit back = decode_commit(encode_commit(commit), "test");
  EXPECT_EQ(back.tree, commit.tree);
  EXPECT_EQ(back.parents, commit.parents);
  EXPECT_EQ(back.author.name, "Ann");
  EXPECT_EQ(back.author.offset_minutes, -210);
  EXPECT_EQ(back.committer.offset_minutes, 210);
  EXPECT_EQ(back.message, commit.message);
}

TEST(GitObjects, CommitsInOtherSpellingsAreCorrupt) {
  const std::string good(as_text(encode_commit(sample("Ann", "a@b", 60))));
  EXPECT_NO_THROW(decode_commit(as_bytes(good), "test"));
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{{"+0100", "+100"},
                                                                                 {"+0100", "+0160"},
                                                                                 {"+0100", "*0100"},
                                                                                 {"1700000000", "01700000000"},
                                                                                 {"1700000000", "-1"},
                                                                                 {"Ann <", "Ann<"},
                                                                                 {"Ann <", "Ann. <"},
                                                                                 {"author", "Author"},
                                                                                 {"committer", "encoding x\ncommitter"},
                                                                                 {"tree ", "tree  "},
                                                                                 {"\n\nTitle", "\nTitle"},
                                                                                 {"Title", std::string("T\0tle", 5)}}) {
    std::string bad = good;
    bad.replace(bad.find(from), from.size(), to);
    EXPECT_EQ(error_kind([&] { decode_commit(as_bytes(bad), "test"); }), ErrorKind::corrupt) << from << " -> " << to;
  }
}

TEST(GitObjects, NulInAMessageIsRefused) {
  Commit commit = sample("Ann", "a@b", 0);
  commit.message = std::string("a\0b", 3);
  EXPECT_EQ(error_kind([&] { encode_commit(commit); }), ErrorKind::usage);
}

}  // namespace
}  // namespace metamori::test
