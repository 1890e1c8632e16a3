#include <gtest/gtest.h>

#include <regex>
#include <set>

#include "tests/unit/history_support.hpp"

// What the sources may call of libgit2.

namespace metamori::test {
namespace {

std::string source_text() {
  std::string text;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(METAMORI_SOURCE_DIR) + "/objects/git")) {
    std::ifstream in(entry.path());
    text += std::string(std::istreambuf_iterator<char>(in), {}) + "\n";
  }
  return text;
}

std::set<std::string> matches(const std::string& text, const std::string& pattern) {
  std::set<std::string> result;
  const std::regex regex(pattern);
  for (std::sregex_iterator it(text.begin(), text.end(), regex); it != std::sregex_iterator(); ++it) result.insert((*it)[1]);
  return result;
}

TEST(HistorySources, CallNothingOfLibgit2ThatLooksForFiles) {
  const std::string text = source_text();
  ASSERT_GT(text.size(), 10000U);
  const std::string forbidden =
      "\\b(git_(repository_(state|message|is_shallow|open|init|discover|config|index|workdir|path|head)|worktree|status|checkout|stash|"
      "reset|ignore|attr|submodule|remote|"
      "index_(open|read|write|add)|config_(open|add|set)|filter|apply|rebase|merge_(analysis|commits|trees)|cherrypick|revert|blame|patch_"
      "from_blobs|diff_tree)\\w*)";
  EXPECT_EQ(matches(text, forbidden), std::set<std::string>{});
  // The check itself sees what it should.
  EXPECT_EQ(matches("git_.git_repository_state_cleanup(x)", forbidden).size(), 1U);
}

TEST(HistorySources, TheTableOfFunctionsIsTheWhiteList) {
  const std::set<std::string> table = matches(source_text(), "X\\((git_\\w+)\\)");
  EXPECT_GT(table.size(), 20U);
  const std::set<std::string> allowed{"git_config_free",
                                      "git_config_new",
                                      "git_error_last",
                                      "git_error_set_str",
                                      "git_index_free",
                                      "git_index_new",
                                      "git_libgit2_init",
                                      "git_libgit2_shutdown",
                                      "git_object_free",
                                      "git_object_id",
                                      "git_odb_add_backend",
                                      "git_odb_backend_data_alloc",
                                      "git_odb_free",
                                      "git_odb_init_backend",
                                      "git_odb_new",
                                      "git_refdb_free",
                                      "git_refdb_init_backend",
                                      "git_refdb_new",
                                      "git_refdb_set_backend",
                                      "git_reference__alloc",
                                      "git_reflog_append",
                                      "git_reflog_entry_byindex",
                                      "git_reflog_entry_id_new",
                                      "git_reflog_entrycount",
                                      "git_repository_free",
                                      "git_repository_new",
                                      "git_repository_set_config",
                                      "git_repository_set_index",
                                      "git_repository_set_odb",
                                      "git_repository_set_refdb",
                                      "git_revparse_single"};
  EXPECT_EQ(table, allowed);
}

TEST(HistorySources, OnlyThisDirectoryIncludesLibgit2) {
  std::vector<std::string> found;
  for (const char* layer : {"base", "objects", "core", "cmd", "include"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(std::string(METAMORI_SOURCE_DIR) + "/" + layer)) {
      const std::string path = entry.path().string();
      if (!entry.is_regular_file() || path.find("/objects/git/") != std::string::npos) continue;
      std::ifstream in(path);
      const std::string text(std::istreambuf_iterator<char>(in), {});
      if (text.find("#include <git2") != std::string::npos) found.push_back(path);
    }
  }
  EXPECT_EQ(found, std::vector<std::string>{});
}

}  // namespace
}  // namespace metamori::test
