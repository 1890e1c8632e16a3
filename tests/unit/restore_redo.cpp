// P7: recovery where what was staged was taken away meanwhile.

#include <gtest/gtest.h>

#include "core/safe_path.hpp"
#include "tests/unit/restore_world.hpp"

namespace metamori::test {
namespace {

class RestoreRedo : public ::testing::Test {
 protected:
  /// A restore of checkpoint 1, cut past its point of no return and before anything got its place; then all staged names are removed.
  void SetUp() override {
    SimSystem first_disk;
    make_two_checkpoints(first_disk);
    FaultSystem faulty(first_disk);
    faulty.set_fault({.matches = [](const CallInfo& info) { return info.call == Call::rename && info.name.starts_with(kStagePrefix); },
                      .action = FaultAction::power_cut});
    EXPECT_THROW(restore(faulty, to_number(1)), Error);
    disk = first_disk.copy();
    made_new = checkpointed_tree(*open_at_tree(*disk), 1);
    const World world(*disk);
    const TreeDescription found = user_tree(*disk);
    std::size_t removed = 0;
    for (auto node = found.rbegin(); node != found.rend(); ++node)
      if (name_of(node->first).starts_with(kStagePrefix) && disk->exists(std::string(kTree) + '/' + node->first)) {
        world.remove(node->first);
        ++removed;
      }
    ASSERT_GT(removed, 3U);
  }
  RecoverReport recover(RecoverMode mode) { return recover_restore(*open_at_tree(*disk), mode, one_worker().control); }

  std::unique_ptr<SimSystem> disk;
  TreeDescription made_new;
};

TEST_F(RestoreRedo, WhatWasStagedIsMadeAgain) {
  EXPECT_TRUE(recover(RecoverMode::finish).finished);
  EXPECT_EQ(without_link_counts(user_tree(*disk)), made_new);
}

TEST_F(RestoreRedo, WhatIsNeitherOldNorNewIsSomebodysAndNeedsForce) {
  const World world(*disk);
  world.write("changed", "somebody's newer work");
  world.remove("file_then_dir");
  world.write("file_then_dir", "somebody's, too");
  try {
    recover(RecoverMode::finish);
    FAIL() << "passed off somebody's work as restored";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::refused);
  }
  EXPECT_TRUE(restore_is_pending(*open_at_tree(*disk)));
  EXPECT_TRUE(recover(RecoverMode::force).finished);
  EXPECT_EQ(without_link_counts(user_tree(*disk)), made_new);
}

TEST_F(RestoreRedo, WhatIsNoLongerTheFileToBeRewrittenIsReplacedByForce) {
  const World world(*disk);
  for (const char* path : {"large", "mode_only"}) {
    const Bytes content = disk->read_file(std::string(kTree) + '/' + path);
    world.remove(path);
    world.write(path, as_text(content), 0640);
  }
  EXPECT_THROW(recover(RecoverMode::finish), Error);
  EXPECT_TRUE(recover(RecoverMode::force).finished);
  EXPECT_EQ(without_link_counts(user_tree(*disk)), made_new);
}

}  // namespace
}  // namespace metamori::test
