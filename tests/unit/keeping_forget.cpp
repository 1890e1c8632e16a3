// Forgetting, taking it back, pins.

#include "core/forget.hpp"
#include "core/retention.hpp"
#include "tests/unit/looking_support.hpp"

namespace metamori::test {
namespace {

class Forget : public Looking {
 protected:
  /// Checkpoints that each change a file.
  void take_some(int count) {
    for (int i = 0; i < count; ++i) {
      write("a", "content " + std::to_string(++written_));
      take("step " + std::to_string(written_));
      trees_.push_back(checkpointed_tree(*open_at_tree(disk), static_cast<std::uint64_t>(trees_.size()) + 1));
    }
  }
  ForgetReport forget_these(const std::vector<std::string>& revisions, bool force = false) {
    ForgetOptions options;
    options.revisions = revisions;
    options.force = force;
    return forget(*open_at_tree(disk), options);
  }
  ForgetReport keep_last(std::uint64_t count, bool dry_run = false) {
    ForgetOptions options;
    options.keep.last = count;
    options.dry_run = dry_run;
    return forget(*open_at_tree(disk), options);
  }
  ErrorKind failure(const std::function<void()>& action) {
    try {
      action();
    } catch (const Error& error) {
      return error.kind();
    }
    ADD_FAILURE() << "it did not fail";
    return ErrorKind::io;
  }
  std::vector<std::uint64_t> listed() { return numbers({}); }
  std::string resolved(const std::string& revision) { return std::to_string(open_at_tree(disk)->history->resolve(revision).number); }
  int written_ = 0;
  std::vector<TreeDescription> trees_;
};

using Numbers = std::vector<std::uint64_t>;

TEST_F(Forget, WhatIsNamedIsGoneFromTheLogAndAncestryStays) {
  take_some(4);
  const ForgetReport report = forget_these({"2", "3"});
  EXPECT_EQ(report.forgotten, 2U);
  EXPECT_EQ(listed(), (Numbers{4, 1}));
  EXPECT_EQ(resolved("HEAD~1"), "1");
  EXPECT_EQ(resolved("3"), "3");  // told about, by number
  const CheckpointInfo info = describe_checkpoint(*open_at_tree(disk), {3, {}}, true);
  EXPECT_TRUE(info.is_forgotten);
  EXPECT_EQ(info.message, "step 3\n");
  EXPECT_EQ(checkpointed_tree(*open_at_tree(disk), 4), trees_[3]);
  EXPECT_EQ(checkpointed_tree(*open_at_tree(disk), 2), trees_[1]);  // until gc
  take_some(1);
  EXPECT_EQ(listed(), (Numbers{5, 4, 1}));  // numbers are never used again
  EXPECT_TRUE(verify(*open_at_tree(disk), {}).ok());
}

TEST_F(Forget, ARangeNamesSeveral) {
  take_some(5);
  EXPECT_EQ(forget_these({"1..4"}).forgotten, 3U);
  EXPECT_EQ(listed(), (Numbers{5, 1}));
}

TEST_F(Forget, UndoBringsBackAndASecondForgetsAgain) {
  take_some(4);
  const auto before = open_at_tree(disk)->log->get(2);
  forget_these({"2", "3"});
  ASSERT_TRUE(forget_is_last(*open_at_tree(disk)));
  const ForgetReport back = undo_forget(*open_at_tree(disk), false, {});
  EXPECT_TRUE(back.brought_back);
  EXPECT_EQ(back.items.size(), 2U);
  EXPECT_EQ(listed(), (Numbers{4, 3, 2, 1}));
  const auto after = open_at_tree(disk)->log->get(2);
  EXPECT_EQ(after.id(), before.id());
  EXPECT_EQ(after.parents, before.parents);
  EXPECT_EQ(after.head_before, before.head_before);
  EXPECT_EQ(after.head_after, before.head_after);
  EXPECT_EQ(after.line, before.line);
  EXPECT_EQ(checkpointed_tree(*open_at_tree(disk), 2), trees_[1]);
  EXPECT_TRUE(verify(*open_at_tree(disk), {}).ok());
  EXPECT_EQ(undo_forget(*open_at_tree(disk), false, {}).forgotten, 2U);
  EXPECT_EQ(listed(), (Numbers{4, 1}));
  EXPECT_EQ(undo_forget(*open_at_tree(disk), false, {}).kept, 2U);
  EXPECT_EQ(listed(), (Numbers{4, 3, 2, 1}));
}

TEST_F(Forget, OneThatLeftHeadWhereItWasComesBackSo) {
  take_some(2);
  auto engine = open_at_tree(disk);
  Record copied = engine->log->get(1);
  copied.number = 3;
  copied.head_before = copied.head_after = engine->log->head();
  ASSERT_TRUE(engine->log->publish(copied));
  const Position head = open_at_tree(disk)->log->head();
  ASSERT_EQ(head.number, 2U);
  forget_these({"3"}, true);
  EXPECT_EQ(open_at_tree(disk)->log->head(), head);
  undo_forget(*open_at_tree(disk), false, {});
  EXPECT_EQ(open_at_tree(disk)->log->get(3).kind, RecordKind::checkpoint);
  EXPECT_EQ(open_at_tree(disk)->log->head(), head);
}

TEST_F(Forget, WithoutItsNoteUndoTakesTheTombstonesMadeLast) {
  take_some(5);
  forget_these({"2"});
  forget_these({"3", "4"});
  disk.remove_file(AT_FDCWD, "/tree/.metamori/cache/forget");
  ASSERT_TRUE(forget_is_last(*open_at_tree(disk)));
  undo_forget(*open_at_tree(disk), false, {});
  EXPECT_EQ(listed(), (Numbers{5, 4, 3, 1}));
}

TEST_F(Forget, ARestoreAfterItIsWhatUndoMeans) {
  take_some(3);
  forget_these({"2"});
  RestoreOptions options;
  options.revision = "1";
  options.control.jobs = 1;
  restore_checkpoint(*open_at_tree(disk), options);
  EXPECT_FALSE(forget_is_last(*open_at_tree(disk)));
  forget_these({"3"});
  EXPECT_TRUE(forget_is_last(*open_at_tree(disk)));
}

TEST_F(Forget, TagsStayWithWhatIsBroughtBack) {
  write("a", "one");
  take("one", {}, {"good"});
  take_some(1);
  forget_these({"good"});
  EXPECT_EQ(resolved("good"), "1");
  undo_forget(*open_at_tree(disk), false, {});
  EXPECT_EQ(describe_checkpoint(*open_at_tree(disk), {1, {}}, false).tags, std::vector<std::string>{"good"});
}

TEST_F(Forget, HeadAndTheLastOneAreRefusedUnlessForced) {
  take_some(3);
  EXPECT_EQ(failure([&] { forget_these({"HEAD"}); }), ErrorKind::refused);
  EXPECT_EQ(failure([&] { forget_these({"1", "2", "nosuch"}); }), ErrorKind::bad_revision);
  EXPECT_EQ(listed(), (Numbers{3, 2, 1}));  // a wrong name leaves all as it was
  forget_these({"1", "2"});
  EXPECT_EQ(failure([&] { forget_these({"3"}); }), ErrorKind::refused);
  forget_these({"3"}, true);
  EXPECT_EQ(open_at_tree(disk)->log->head().number, 0U);
  write("a", "afterwards");
  EXPECT_EQ(take("afterwards").number, 4U);
  EXPECT_TRUE(verify(*open_at_tree(disk), {}).ok());
}

TEST_F(Forget, PoliciesKeepWhatIsPinnedAndHead) {
  take_some(6);
  pin(*open_at_tree(disk), "2");
  const ForgetReport plan = keep_last(2, true);
  EXPECT_EQ(plan.forgotten, 3U);
  EXPECT_EQ(listed().size(), 6U);  // only told
  const ForgetReport report = keep_last(2);
  EXPECT_EQ(listed(), (Numbers{6, 5, 2}));
  ASSERT_EQ(report.items.size(), 6U);
  EXPECT_EQ(report.items[0].reasons, (std::vector<std::string>{"HEAD", "last"}));
  EXPECT_EQ(report.items[4].reasons, (std::vector<std::string>{"pinned"}));
  EXPECT_EQ(report.items[5].reasons, (std::vector<std::string>{"no rule keeps it"}));
  EXPECT_EQ(failure([&] { forget_these({"2"}); }), ErrorKind::refused);
  EXPECT_EQ(list_pins(*open_at_tree(disk)).size(), 1U);
  unpin(*open_at_tree(disk), "2");
  EXPECT_EQ(failure([&] { unpin(*open_at_tree(disk), "2"); }), ErrorKind::bad_revision);
  forget_these({"2"});
  EXPECT_EQ(listed(), (Numbers{6, 5}));
}

TEST_F(Forget, MaxSizeKeepsTheNewestAndAsManyOthersAsFit) {
  for (int i = 1; i <= 5; ++i) {
    std::string text(200'000, '\0');
    std::uint32_t state = static_cast<std::uint32_t>(i);
    for (char& byte : text) byte = static_cast<char>((state = state * 1664525U + 1013904223U) >> 24);
    write("big", text);
    take("step");
  }
  ForgetOptions options;
  options.keep.max_size_bytes = 500'000;
  const ForgetReport report = forget(*open_at_tree(disk), options);
  EXPECT_EQ(report.kept, 2U);
  ASSERT_TRUE(report.bytes);
  EXPECT_LE(*report.bytes, 500'000U);
  EXPECT_GT(*report.bytes, 400'000U);
  EXPECT_TRUE(report.items[0].is_kept);
}

TEST_F(Forget, TenThousandArePlannedWithinASecond) {
  std::vector<RetentionCandidate> all(10'000);
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i].number = i + 1;
    all[i].time_seconds = static_cast<std::int64_t>(i) * 300;
    all[i].tags = {"t" + std::to_string(i)};
  }
  KeepPolicy policy;
  policy.last = 12;
  policy.hourly = 24;
  policy.daily = 14;
  policy.weekly = 8;
  policy.monthly = 12;
  policy.tags = {"t1*"};
  policy.thin = true;
  const std::int64_t start = real_system().monotonic_ns();
  EXPECT_EQ(reasons_to_keep(all, policy, 10'000'000).size(), all.size());
  EXPECT_EQ(thinning_order(all, 10'000'000).size(), all.size());
  EXPECT_LT(real_system().monotonic_ns() - start, 1'000'000'000);
}

}  // namespace
}  // namespace metamori::test
