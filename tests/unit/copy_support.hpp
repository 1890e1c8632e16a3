#pragma once

// Two repositories on one simulated disk: a tree with checkpoints that rest on each other, and where they are copied to.

#include <gtest/gtest.h>

#include "core/copy.hpp"
#include "tests/unit/keeping_support.hpp"

namespace metamori::test {

inline constexpr const char* kTarget = "/target";

class Copy : public Keeping {
 protected:
  explicit Copy(const SimOptions& options = {}) : Keeping(options) {
    disk.make_directories(kTarget);
    init_at_tree(disk, kTarget);
  }

  /// By programs of their own.
  CopyReport copy(const std::vector<std::string>& revisions = {}, bool dry_run = false) {
    CopyOptions options;
    options.revisions = revisions;
    options.dry_run = dry_run;
    options.control.jobs = 1;
    return copy_checkpoints(*open_at_tree(disk), *target(), options);
  }
  std::unique_ptr<Engine> target() { return open_at_tree(disk, kTarget); }

  /// Text files and pages of a large file, differently each time.
  std::uint64_t step_all() {
    write_texts();
    change_pages(round);
    return take_checkpoint_of_tree();
  }
  void steps(int count) {
    for (int i = 0; i < count; ++i) step_all();
  }

  std::uint64_t number_there(std::uint64_t number) {
    const CheckpointId id = open_at_tree(disk)->log->get(number).id();
    const auto there = target();
    for (const RecordSummary& record : there->log->summaries())
      if (record.id == id) return record.number;
    return 0;
  }
  /// It has the same git objects there, and its tree is the same.
  void expect_whole(std::uint64_t number) {
    const std::uint64_t there = number_there(number);
    ASSERT_NE(there, 0U) << number;
    const Record from = open_at_tree(disk)->log->get(number);
    const Record to = target()->log->get(there);
    EXPECT_EQ(to.kind, RecordKind::checkpoint) << number;
    EXPECT_EQ(to.blob, from.blob);
    EXPECT_EQ(to.tree, from.tree);
    EXPECT_EQ(to.commit, from.commit);
    EXPECT_EQ(checkpointed_tree(*target(), there), trees.at(number)) << number;
  }
  void expect_sound() {
    VerifyOptions options;
    options.data = true;
    const VerifyReport report = verify(*target(), options);
    for (const VerifyProblem& problem : report.problems) ADD_FAILURE() << problem.where << ": " << problem.message;
    EXPECT_EQ(disk.tree(std::string(kTarget) + "/.metamori/tmp").size(), 0U);
  }
  RecordKind kind_there(std::uint64_t number) { return target()->log->get(number_there(number)).kind; }
};

}  // namespace metamori::test
