#include <dlfcn.h>
#include <gtest/gtest.h>

#include "tests/unit/history_support.hpp"

// libgit2 costs about 10 ms to load and start: nothing but a date may do so.

namespace metamori::test {
namespace {

bool is_loaded() {
  void* const library = ::dlopen("libgit2.so.1.5", RTLD_NOW | RTLD_NOLOAD);
  if (library != nullptr) ::dlclose(library);
  return library != nullptr;
}

TEST(HistoryAsleep, OnlyDatesWakeLibgit2) {
  ASSERT_FALSE(is_loaded());
  TestRepository repository;
  const Position one = repository.add("one");
  Wanted wanted;
  wanted.parents = {one};
  wanted.tags = {"v1"};
  const Position two = repository.add(wanted);
  wanted = {};
  wanted.kind = RecordKind::safety;
  wanted.parents = {two};
  repository.add(wanted);
  repository.add(wanted);
  repository.log.set_tag("v2", one);
  History history(repository.log);
  for (const std::string& revision :
       {std::string("1"), std::string("#2"), std::string("HEAD"), std::string("HEAD~1"), std::string("HEAD^"), std::string("latest"),
        std::string("@undo"), std::string("@undo~1"), std::string("v1"), std::string("v2"), std::string("main"), std::string("main~1"),
        to_hex(two.id).substr(0, 8), to_hex(one.id), std::string("@{1}"), std::string("main@{0}"), std::string(":/one")})
    EXPECT_NO_THROW(history.resolve(revision)) << revision;
  EXPECT_TRUE(error_kind([&] { history.resolve("unknown"); }));
  EXPECT_TRUE(error_kind([&] { history.resolve("deadbeef"); }));
  history.walk({two}, 20);
  history.is_ancestor(one, two);
  history.short_id(one.id);
  EXPECT_FALSE(history.libgit2_awake());
  EXPECT_FALSE(is_loaded());
  EXPECT_EQ(history.resolve("@{1 second ago}"), two);
  EXPECT_TRUE(history.libgit2_awake());
  EXPECT_TRUE(is_loaded());
}

}  // namespace
}  // namespace metamori::test
