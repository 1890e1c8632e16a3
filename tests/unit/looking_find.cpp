// Paths by pattern through all checkpoints.

#include <map>
#include <random>

#include "core/find_versions.hpp"
#include "tests/unit/looking_support.hpp"

namespace metamori::test {
namespace {

std::string text(const FoundVersion& version) {
  std::string result = std::to_string(version.number) + "ADM#R"[static_cast<int>(version.kind)];
  for (const NumberRange& range : version.held_by) result += ' ' + std::to_string(range.first) + '-' + std::to_string(range.last);
  return result;
}

class Find : public Looking {
 protected:
  /// `path: version; version` a line.
  std::string found(const std::vector<std::string>& patterns, bool all = false) {
    FindOptions options;
    options.patterns = patterns;
    options.all = all;
    const FindReport report = find(*open_at_tree(disk), options);
    damaged = report.damaged;
    std::string result;
    for (const FoundPath& path : report.paths) {
      result += path.path + ':';
      for (const FoundVersion& version : path.versions) result += ' ' + text(version) + ';';
      result += '\n';
    }
    return result;
  }
  void remove(const std::string& path) { ASSERT_EQ(disk.remove_file(AT_FDCWD, ("/tree/" + path).c_str()), 0); }
  void go_back(const std::string& revision) {
    RestoreOptions options;
    options.revision = revision;
    options.remove_extra = true;
    options.control.jobs = 1;
    restore_checkpoint(*open_at_tree(disk), options);
  }
  Numbers damaged;
};

TEST_F(Find, TellsWhichCheckpointsHoldEachVersion) {
  write("a", "1");
  write("d/b.dat", "1");
  take("1");
  write("a", "2");
  take("2");
  write("d/b.dat", "2");
  take("3");
  ASSERT_EQ(disk.set_mode_at(AT_FDCWD, "/tree/a", 0600), 0);
  take("4");
  remove("a");
  take("5");
  write("a", "1");
  take("6");
  EXPECT_EQ(found({"a"}), "a: 1A 1-1; 2M 2-3; 4# 4-4; 5D; 6A 6-6;\n");
  EXPECT_EQ(found({"*.dat"}), "d/b.dat: 1A 1-2; 3M 3-6;\n");
  EXPECT_EQ(found({"d/b.dat"}), "d/b.dat: 1A 1-2; 3M 3-6;\n");
  EXPECT_EQ(found({"/b.dat"}), "");
  EXPECT_EQ(found({"d/"}), "d: 1A 1-6;\n");
  EXPECT_EQ(found({"**", "!d", "!*.dat"}), found({"a"}));
  EXPECT_THROW(found({}), Error);
  EXPECT_THROW(found({""}), Error);
  EXPECT_THROW(found({"# a comment"}), Error);
}

TEST_F(Find, KnowsTheBranches) {
  write("a", "1");
  take("1");
  write("a", "2");
  write("main", "x");
  take("2");
  go_back("1");  // 3 is the safety checkpoint, 4 the move
  write("b", "b");
  ASSERT_EQ(take("5").number, 5U);
  write("a", "3");
  take("6");
  go_back("main");  // 7, 8
  write("b", "other");
  ASSERT_EQ(take("9").number, 9U);
  EXPECT_EQ(found({"a"}), "a: 1A 1-1 5-5; 2M 2-2 9-9; 6M 6-6;\n");
  EXPECT_EQ(found({"b"}), "b: 5A 5-6; 9A 9-9;\n");
  EXPECT_EQ(found({"main"}), "main: 2A 2-2 9-9;\n");
  EXPECT_EQ(found({"a"}, true), "a: 1A 1-1 5-5; 2M 2-3 9-9; 6M 6-7;\n");
}

TEST_F(Find, DirectoriesThatComeAndGoTakeTheirContentAlong) {
  write("d/e/x", "1");
  write("other", "1");
  take("1");
  move("d", "f");
  take("2");
  move("f", "d");
  take("3");
  EXPECT_EQ(found({"x"}), "d/e/x: 1A 1-1; 2D; 3A 3-3;\nf/e/x: 2A 2-2; 3D;\n");
  EXPECT_EQ(found({"d/**/x"}), "d/e/x: 1A 1-1; 2D; 3A 3-3;\n");
}

TEST_F(Find, ADamagedCheckpointIsNamedAndPassedOver) {
  write("a", "1");
  take("1");
  write("a", "2");
  const CheckpointInfo second = take("2");
  write("a", "3");
  take("3");
  auto engine = open_at_tree(disk);
  for (const ChunkId& pack : engine->log->get(second.number).packs)
    ASSERT_EQ(disk.remove_file(AT_FDCWD, ("/tree/.metamori/packs/" + pack_file_name(pack)).c_str()), 0);
  disk.remove_tree("/tree/.metamori/cache");
  EXPECT_EQ(found({"a"}), "a: 1A 1-2; 3M 3-3;\n");
  EXPECT_EQ(damaged, Numbers{2});
}

TEST_F(Find, StopsWhenAsked) {
  write("a", "1");
  take("1");
  const std::atomic<bool> stop{true};
  FindOptions options;
  options.patterns = {"a"};
  options.control.stop = &stop;
  try {
    find(*open_at_tree(disk), options);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::interrupted);
  }
}

/// Random forests and changes, against a model that keeps every checkpoint's whole state.
TEST(FindVersions, HoldersAreThoseThatAModelHas) {
  std::mt19937 random(7);
  const auto pick = [&](std::size_t below) { return std::uniform_int_distribution<std::size_t>(0, below - 1)(random); };
  for (int round = 0; round < 300; ++round) {
    std::vector<RecordSummary> records;
    std::vector<std::size_t> parents;  // by index; the index itself: none
    const std::size_t count = 1 + pick(12);
    for (std::size_t i = 0; i < count; ++i) {
      RecordSummary record;
      record.number = records.empty() ? 1 : records.back().number + 1 + pick(2);
      const bool is_top = i == 0 || pick(8) == 0;
      parents.push_back(is_top ? i : pick(2) == 0 ? i - 1 : pick(i));
      if (!is_top) record.parents.push_back({records[parents.back()].number, {}});
      records.push_back(record);
    }
    // A version of path "p" is named by the checkpoint that made it; 0: not there.
    std::vector<std::uint64_t> state(count);
    std::vector<std::optional<ChangeKind>> changes(count);
    for (std::size_t i = 0; i < count; ++i) {
      state[i] = parents[i] == i ? 0 : state[parents[i]];
      if (pick(3) != 0) continue;
      const bool removes = state[i] != 0 && pick(2) == 0;
      changes[i] = removes ? ChangeKind::removed : state[i] == 0 ? ChangeKind::added : ChangeKind::modified;
      state[i] = removes ? 0 : records[i].number;
    }
    const Lineage lineage(records, false);
    FindVersions versions(lineage);
    for (std::size_t place = 0; place < versions.order().size(); ++place) {
      versions.enter(place);
      const std::size_t at = versions.order()[place];
      if (!changes[at]) continue;
      FoundVersion version;
      version.number = records[at].number;
      version.kind = *changes[at];
      versions.change("p", version);
    }
    for (const FoundPath& path : versions.finish()) {
      for (const FoundVersion& version : path.versions) {
        std::vector<std::uint64_t> expected;
        for (std::size_t i = 0; i < count; ++i)
          if (state[i] == version.number) expected.push_back(records[i].number);
        std::vector<std::uint64_t> held;
        for (const NumberRange& range : version.held_by)
          for (const RecordSummary& record : records)
            if (record.number >= range.first && record.number <= range.last) held.push_back(record.number);
        EXPECT_EQ(held, expected) << "round " << round << " version " << version.number;
        for (std::size_t i = 1; i < version.held_by.size(); ++i) {
          // Ranges are as long as they can be.
          const bool has_between = std::any_of(records.begin(), records.end(), [&](const RecordSummary& record) {
            return record.number > version.held_by[i - 1].last && record.number < version.held_by[i].first;
          });
          EXPECT_TRUE(has_between);
        }
      }
    }
  }
}

}  // namespace
}  // namespace metamori::test
