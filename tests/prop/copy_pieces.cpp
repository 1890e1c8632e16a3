// Random histories, with branches, forgetting and gc, copied in random pieces: afterwards the target is the source, checkpoint by
// checkpoint.

#include <gtest/gtest.h>

#include <random>

#include "core/copy.hpp"
#include "core/describe.hpp"
#include "core/forget.hpp"
#include "core/gc.hpp"
#include "core/looking.hpp"
#include "core/restore.hpp"
#include "tests/support/count.hpp"
#include "tests/support/engine_world.hpp"
#include "tests/support/scale.hpp"

namespace metamori::test {
namespace {

constexpr const char* kTarget = "/target";

class Pieces {
 public:
  explicit Pieces(std::uint64_t seed) : random_(seed) {
    disk_.make_directories(kTree);
    disk_.make_directories(kTarget);
    init_at_tree(disk_);
    init_at_tree(disk_, kTarget);
    pages_ = noise(90'000);
  }

  void run(int steps) {
    for (int i = 0; i < steps; ++i) {
      switch (chance(10)) {
        case 0:
          go_back();
          break;
        case 1:
          forget_some(kTree);
          break;
        case 2:
          forget_some(kTarget);
          break;
        case 3:
          collect_garbage(*open_at_tree(disk_, chance(2) == 0 ? kTree : kTarget), {});
          break;
        case 4:
          copy({some_revision()});
          break;
        case 5:
          if (!all().empty()) copy({some_revision() + ".." + some_revision()});
          break;
        case 6:
          take_in_target();
          break;
        default:
          take();
      }
    }
    copy({});
    check();
  }
  [[nodiscard]] std::uint64_t compared() const noexcept { return compared_; }

 private:
  std::uint64_t chance(std::uint64_t below) { return random_() % below; }
  std::string noise(std::size_t size) {
    std::string text(size, '\0');
    for (char& byte : text) byte = static_cast<char>(random_());
    return text;
  }
  std::vector<std::uint64_t> all(const char* tree = kTree) {
    std::vector<std::uint64_t> numbers;
    const auto engine = open_at_tree(disk_, tree);
    for (const RecordSummary& record : engine->log->summaries())
      if (record.kind == RecordKind::checkpoint) numbers.push_back(record.number);
    return numbers;
  }
  std::string some_revision() {
    const auto numbers = all();
    return numbers.empty() ? "1" : std::to_string(numbers[chance(numbers.size())]);
  }

  void take() {
    const std::string top(kTree);
    for (std::uint64_t i = chance(4); i > 0; --i) pages_.replace(chance(89'000), 500, noise(500));
    if (chance(4) == 0) pages_.insert(chance(80'000), noise(chance(3000)));
    disk_.write_file(top + "/pages", pages_);
    for (std::uint64_t i = chance(6); i > 0; --i)
      disk_.write_file(top + "/d" + std::to_string(chance(4)) + "/f" + std::to_string(chance(30)), noise(chance(5000)));
    if (chance(5) == 0) disk_.write_file(top + "/large" + std::to_string(chance(3)), noise(400'000));
    disk_.advance_clock(10'000'000'000);
    checkpoint(disk_);
  }
  void take_in_target() {
    disk_.write_file(std::string(kTarget) + "/own", noise(2000));
    disk_.advance_clock(10'000'000'000);
    const CheckpointReport own = checkpoint(disk_, one_worker(), kTarget);
    own_.insert(own.checkpoint.id);
    ASSERT_TRUE(own.checkpoint.parents.empty() || own_.contains(own.checkpoint.parents.front())) << "HEAD there was moved";
  }
  void go_back() {
    if (all().empty()) return;
    RestoreOptions options;
    options.revision = some_revision();
    options.control.jobs = 1;
    restore_checkpoint(*open_at_tree(disk_), options);
  }
  void forget_some(const char* tree) {
    const auto numbers = all(tree);
    if (numbers.size() < 3) return;
    ForgetOptions options;
    const auto engine = open_at_tree(disk_, tree);
    for (std::uint64_t i = 1 + chance(2); i > 0; --i) {
      const std::uint64_t number = numbers[chance(numbers.size())];
      if (number != engine->log->head().number) options.revisions.push_back(std::to_string(number));
    }
    if (options.revisions.empty()) return;
    if (tree == std::string(kTarget))
      for (const std::string& revision : options.revisions) gone_there_.insert(engine->log->get(std::stoull(revision)).id());
    forget(*engine, options);
  }
  void copy(const std::vector<std::string>& revisions) {
    if (all().empty()) return;
    CopyOptions options;
    options.revisions = revisions;
    options.control.jobs = static_cast<std::uint32_t>(1 + chance(3));
    try {
      const CopyReport report = copy_checkpoints(*open_at_tree(disk_), *open_at_tree(disk_, kTarget), options);
      for (const CopiedCheckpoint& copied : report.checkpoints)
        if (copied.is_copied) gone_there_.erase(copied.source.id);
    } catch (const Error& error) {
      ASSERT_EQ(error.kind(), ErrorKind::bad_revision) << error.what();  // a range that names none
    }
  }

  void check() {
    const auto source = open_at_tree(disk_);
    const auto target = open_at_tree(disk_, kTarget);
    std::map<CheckpointId, std::uint64_t> there;
    for (const RecordSummary& record : target->log->summaries())
      if (record.kind != RecordKind::move) there[record.id] = record.number;
    for (const std::uint64_t number : all()) {
      const Record from = source->log->get(number);
      ASSERT_TRUE(there.contains(from.id())) << number;
      const Record to = target->log->get(there[from.id()]);
      if (gone_there_.contains(from.id())) {
        ASSERT_EQ(to.kind, RecordKind::tombstone) << number << " came back unasked";
        continue;
      }
      ASSERT_EQ(to.kind, RecordKind::checkpoint) << number;
      ASSERT_EQ(to.commit, from.commit);
      ASSERT_EQ(to.parents.size(), from.parents.size());
      for (std::size_t i = 0; i < to.parents.size(); ++i) ASSERT_EQ(to.parents[i].id, from.parents[i].id);
      ASSERT_EQ(checkpointed_tree_and_top(*target, to.number), checkpointed_tree_and_top(*source, number)) << number;
      ++compared_;
    }
    VerifyOptions options;
    options.data = true;
    options.control.jobs = 1;
    const VerifyReport report = verify(*target, options);
    for (const VerifyProblem& problem : report.problems) ADD_FAILURE() << problem.where << ": " << problem.message;
  }

  std::mt19937_64 random_;
  SimSystem disk_;
  std::string pages_;
  std::set<CheckpointId> own_, gone_there_;
  std::uint64_t compared_ = 0;
};

TEST(CopyPieces, TheTargetBecomesTheSource) {
  const std::uint64_t histories = 60 * test_scale();
  std::uint64_t compared = 0;
  for (std::uint64_t seed = 1; seed <= histories; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Pieces pieces(seed);
    pieces.run(30);
    if (HasFatalFailure() || HasFailure()) return;
    compared += pieces.compared();
  }
  print_count("P12.copy.histories", histories);
  print_count("P12.copy.compared", compared);
  EXPECT_GE(compared, histories * 4);
}

}  // namespace
}  // namespace metamori::test
