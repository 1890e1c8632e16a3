#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <set>

#include "base/bytes.hpp"
#include "base/files.hpp"
#include "tests/support/rapidcheck_gtest.hpp"
#include "tests/support/sim_system.hpp"

namespace metamori::test {
namespace {

constexpr const char* kNew = "new content";

struct Protocol {
  bool sync_file = true;
  bool sync_directory = true;
};

/// Writes a file the classic way: under another name, then renamed.
void write_and_rename(SimSystem& disk, Protocol protocol, std::string_view content = kNew) {
  const Fd dir = open_directory(disk, AT_FDCWD, "/d", "/d");
  Fd file = open_file(disk, dir.get(), "tmp", O_WRONLY | O_CREAT | O_EXCL, 0600, "tmp");
  write_all(disk, file.get(), as_bytes(content), 0, "tmp");
  if (protocol.sync_file) sync_file(disk, file.get(), "tmp");
  file.close("tmp");
  ASSERT_EQ(disk.rename(dir.get(), "tmp", dir.get(), "name", RenameMode::replace), 0);
  if (protocol.sync_directory) sync_file(disk, dir.get(), "/d");
}

std::unique_ptr<SimSystem> disk_with_old_file() {
  auto disk = std::make_unique<SimSystem>();
  disk->write_file("/d/name", "old");
  disk->make_durable();
  return disk;
}

std::string content_of(const SimSystem& disk, const std::string& path) {
  return disk.exists(path) ? std::string(as_text(disk.read_file(path))) : "(missing)";
}

/// Every content that "/d/name" can have after a cut at the end.
std::set<std::string> outcomes_at_end(const SimSystem& disk, const std::string& path = "/d/name") {
  std::set<std::string> outcomes;
  for (const CrashVariant& variant : crash_variants(20)) outcomes.insert(content_of(*disk.crash_state(disk.event_count(), variant), path));
  return outcomes;
}

TEST(SimCrash, EachOperationMayBeTheOneThatIsLostOrKept) {
  const auto disk = disk_with_old_file();
  write_and_rename(*disk, {true, false});
  const std::size_t end = disk->event_count();
  std::set<std::string> lost, kept;
  for (std::uint64_t seed = 0; seed < disk->losable_count(end); ++seed) {
    lost.insert(content_of(*disk->crash_state(end, {CrashKind::one_lost, seed}), "/d/name"));
    kept.insert(content_of(*disk->crash_state(end, {CrashKind::one_kept, seed}), "/d/name"));
  }
  EXPECT_EQ(disk->losable_count(end), 2U) << "both names, but nothing of the file";
  EXPECT_EQ(lost, (std::set<std::string>{"old"}));
  EXPECT_EQ(kept, (std::set<std::string>{"old", kNew}));
  EXPECT_EQ(disk->losable_count(0), 0U);
}

TEST(SimCrash, EqualDisksHaveEqualHashes) {
  const auto disk = disk_with_old_file();
  EXPECT_EQ(disk->copy()->disk_hash(), disk->disk_hash());
  const std::uint64_t before = disk->disk_hash();
  write_and_rename(*disk, {});
  EXPECT_NE(disk->disk_hash(), before);
  EXPECT_EQ(disk->crash_state(0, {CrashKind::all_kept, 0})->disk_hash(), before);
  EXPECT_EQ(disk->crash_state(disk->event_count(), {CrashKind::all_lost, 0})->disk_hash(), disk->disk_hash());
  const auto other = disk_with_old_file();
  EXPECT_EQ(other->disk_hash(), before);
  other->write_file("/d/name", "olD");
  EXPECT_NE(other->disk_hash(), before);
}

TEST(SimCrash, WithoutFsyncTheNameMayComeBeforeTheBytes) {
  const auto disk = disk_with_old_file();
  write_and_rename(*disk, {false, false});
  const auto outcomes = outcomes_at_end(*disk);
  EXPECT_TRUE(outcomes.contains(""));
  EXPECT_TRUE(outcomes.contains(std::string(std::string_view(kNew).size(), '\0')));
  EXPECT_TRUE(outcomes.contains("old"));
  EXPECT_TRUE(outcomes.contains(kNew));
}

TEST(SimCrash, AFileSyncDoesNothingForTheName) {
  const auto disk = disk_with_old_file();
  write_and_rename(*disk, {true, false});
  EXPECT_EQ(outcomes_at_end(*disk), (std::set<std::string>{"old", kNew}));
}

TEST(SimCrash, WithoutFileSyncTheDirectorySyncPublishesAnEmptyFile) {
  const auto disk = disk_with_old_file();
  write_and_rename(*disk, {false, true});
  const auto outcomes = outcomes_at_end(*disk);
  EXPECT_TRUE(outcomes.contains(""));
  EXPECT_FALSE(outcomes.contains("old"));
}

TEST(SimCrash, WithBothSyncsTheNewContentIsThere) {
  const auto disk = disk_with_old_file();
  write_and_rename(*disk, {true, true});
  EXPECT_EQ(outcomes_at_end(*disk), std::set<std::string>{kNew});
}

TEST(SimCrash, TheWholeProtocolIsOldOrNewAtEveryPoint) {
  const auto disk = disk_with_old_file();
  write_and_rename(*disk, {true, true});
  for (std::size_t k = 0; k <= disk->event_count(); ++k)
    for (const CrashVariant& variant : crash_variants(20)) {
      const std::string content = content_of(*disk->crash_state(k, variant), "/d/name");
      EXPECT_TRUE(content == "old" || content == kNew) << "after event " << k << ", " << to_string(variant) << ": " << content;
    }
}

TEST(SimCrash, AFileThatWasOnlyCreatedMayBeMissing) {
  SimSystem disk;
  disk.make_directories("/d");
  disk.make_durable();
  disk.write_file("/d/file", "content");
  const Fd file = open_file(disk, AT_FDCWD, "/d/file", O_RDONLY, 0, "file");
  sync_file(disk, file.get(), "file");
  EXPECT_EQ(outcomes_at_end(disk, "/d/file"), (std::set<std::string>{"(missing)", "content"}));
  sync_file(disk, open_directory(disk, AT_FDCWD, "/d", "/d").get(), "/d");
  EXPECT_EQ(outcomes_at_end(disk, "/d/file"), std::set<std::string>{"content"});
}

TEST(SimCrash, ANewDirectoryNeedsItsOwnNameSynced) {
  SimSystem disk;
  disk.make_directories("/d/new");
  const Fd dir = open_directory(disk, AT_FDCWD, "/d", "/d");
  disk.make_durable();
  ASSERT_EQ(disk.make_directory(dir.get(), "sub", 0700), 0);
  const Fd sub = open_directory(disk, dir.get(), "sub", "sub");
  const Fd file = open_file(disk, sub.get(), "file", O_WRONLY | O_CREAT, 0600, "file");
  sync_file(disk, file.get(), "file");
  sync_file(disk, sub.get(), "sub");
  EXPECT_TRUE(outcomes_at_end(disk, "/d/sub/file").contains("(missing)"));
  sync_file(disk, dir.get(), "/d");
  EXPECT_EQ(outcomes_at_end(disk, "/d/sub/file"), std::set<std::string>{""});
}

TEST(SimCrash, SyncfsMakesEverythingDurable) {
  const auto disk = disk_with_old_file();
  write_and_rename(*disk, {false, false});
  ASSERT_EQ(disk->sync_file_system(open_directory(*disk, AT_FDCWD, "/", "/").get()), 0);
  EXPECT_EQ(outcomes_at_end(*disk), std::set<std::string>{kNew});
}

TEST(SimCrash, StartingWritebackMakesNothingDurable) {
  const auto disk = disk_with_old_file();
  const Fd file = open_file(*disk, AT_FDCWD, "/d/name", O_WRONLY, 0, "name");
  write_all(*disk, file.get(), as_bytes("NEW"), 0, "name");
  ASSERT_EQ(disk->clean_pages(file.get()), 0);
  ASSERT_EQ(disk->start_writeback(file.get(), 0, 0), 0);
  EXPECT_TRUE(outcomes_at_end(*disk).contains("old"));
}

TEST(SimCrash, AWriteIsTornAtSectors) {
  SimSystem disk;
  disk.write_file("/file", std::string(8192, 'a'));
  disk.make_durable();
  const Fd file = open_file(disk, AT_FDCWD, "/file", O_WRONLY, 0, "file");
  write_all(disk, file.get(), as_bytes(std::string(4096, 'b')), 2048, "file");
  bool is_torn = false;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const std::string content = content_of(*disk.crash_state(disk.event_count(), {CrashKind::torn, seed}), "/file");
    ASSERT_EQ(content.size(), 8192U);
    EXPECT_EQ(content.substr(0, 2048), std::string(2048, 'a'));
    EXPECT_EQ(content.substr(6144), std::string(2048, 'a'));
    for (std::size_t i = 2048; i < 6144; i += kSectorBytes)
      EXPECT_EQ(content.substr(i, kSectorBytes), std::string(kSectorBytes, content[i]));
    const auto written = std::count(content.begin(), content.end(), 'b');
    is_torn = is_torn || (written != 0 && written != 4096);
  }
  EXPECT_TRUE(is_torn);
}

TEST(SimCrash, APageIsKeptAsItWasAtSomeMoment) {
  SimSystem disk;
  disk.write_file("/file", "....");
  disk.make_durable();
  const Fd file = open_file(disk, AT_FDCWD, "/file", O_WRONLY, 0, "file");
  for (std::uint64_t i = 0; i < 4; ++i) write_all(disk, file.get(), as_bytes("x"), i, "file");
  std::set<std::string> seen;
  for (std::uint64_t seed = 1; seed <= 200; ++seed)
    seen.insert(content_of(*disk.crash_state(disk.event_count(), {CrashKind::random, seed}), "/file"));
  EXPECT_EQ(seen, (std::set<std::string>{"....", "x...", "xx..", "xxx.", "xxxx"}));
}

TEST(SimCrash, PagesOfOneFileHaveNoOrder) {
  SimSystem disk;
  disk.write_file("/file", std::string(2 * kPageBytes, '.'));
  disk.make_durable();
  const Fd file = open_file(disk, AT_FDCWD, "/file", O_WRONLY, 0, "file");
  write_all(disk, file.get(), as_bytes("x"), 0, "file");
  write_all(disk, file.get(), as_bytes("x"), kPageBytes, "file");
  bool is_only_second = false;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    const std::string content = content_of(*disk.crash_state(disk.event_count(), {CrashKind::random, seed}), "/file");
    is_only_second = is_only_second || (content.front() == '.' && content[kPageBytes] == 'x');
  }
  EXPECT_TRUE(is_only_second);
}

TEST(SimCrash, NamesOfOneDirectoryKeepTheirOrderUnlessReordered) {
  SimSystem disk;
  disk.make_directories("/d");
  disk.make_durable();
  for (const char* name : {"/d/1", "/d/2", "/d/3", "/d/4"}) disk.write_file(name, "");
  const auto is_prefix = [](const TreeDescription& tree) { return tree.empty() || tree.rbegin()->first == std::to_string(tree.size()); };
  std::set<std::size_t> sizes;
  bool is_reordered = false;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const TreeDescription ordered = disk.crash_state(disk.event_count(), {CrashKind::random, seed})->tree("/d");
    EXPECT_TRUE(is_prefix(ordered));
    sizes.insert(ordered.size());
    is_reordered = is_reordered || !is_prefix(disk.crash_state(disk.event_count(), {CrashKind::random_reordered, seed})->tree("/d"));
  }
  EXPECT_EQ(sizes.size(), 5U);
  EXPECT_TRUE(is_reordered);
}

TEST(SimCrash, NamesOfDifferentDirectoriesHaveNoOrder) {
  SimSystem disk;
  disk.make_directories("/d");
  disk.make_directories("/e");
  disk.make_durable();
  disk.write_file("/d/first", "");
  disk.write_file("/e/second", "");
  bool is_only_second = false;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    const auto state = disk.crash_state(disk.event_count(), {CrashKind::random, seed});
    is_only_second = is_only_second || (!state->exists("/d/first") && state->exists("/e/second"));
  }
  EXPECT_TRUE(is_only_second);
}

TEST(SimCrash, AMoveToAnotherDirectoryNeverLosesTheFileAndMayLeaveTwoNames) {
  SimSystem disk;
  disk.write_file("/d/name", "content");
  disk.make_directories("/e");
  disk.make_durable();
  const Fd from = open_directory(disk, AT_FDCWD, "/d", "/d");
  const Fd to = open_directory(disk, AT_FDCWD, "/e", "/e");
  ASSERT_EQ(disk.rename(from.get(), "name", to.get(), "name", RenameMode::no_replace), 0);
  const auto states = [&] {
    std::set<std::pair<bool, bool>> seen;
    for (const CrashVariant& variant : crash_variants(40)) {
      const auto state = disk.crash_state(disk.event_count(), variant);
      seen.insert({state->exists("/d/name"), state->exists("/e/name")});
      const TreeDescription tree = state->tree();
      for (const auto& [path, node] : tree)
        if (path.ends_with("name")) {
          EXPECT_EQ(node.link_count, tree.size() - 2);
        }
    }
    return seen;
  };
  EXPECT_EQ(states(), (std::set<std::pair<bool, bool>>{{true, false}, {false, true}, {true, true}}));
  sync_file(disk, to.get(), "/e");
  EXPECT_EQ(states(), (std::set<std::pair<bool, bool>>{{false, true}, {true, true}}));
  sync_file(disk, from.get(), "/d");
  EXPECT_EQ(states(), (std::set<std::pair<bool, bool>>{{false, true}}));
}

TEST(SimCrash, ALostUnlinkBringsTheFileBackWithItsBytes) {
  const auto disk = disk_with_old_file();
  ASSERT_EQ(disk->remove_file(AT_FDCWD, "/d/name"), 0);
  EXPECT_EQ(outcomes_at_end(*disk), (std::set<std::string>{"old", "(missing)"}));
}

TEST(SimCrash, TheSameCutGivesTheSameState) {
  const auto disk = disk_with_old_file();
  write_and_rename(*disk, {false, false}, std::string(20000, 'x'));
  for (std::size_t k = 0; k <= disk->event_count(); ++k)
    for (const CrashVariant& variant : crash_variants(5))
      EXPECT_EQ(disk->crash_state(k, variant)->tree(), disk->crash_state(k, variant)->tree());
}

TEST(SimCrash, ACutStateIsAnotherBootWithNothingHeld) {
  const auto disk = disk_with_old_file();
  const Fd file = open_file(*disk, AT_FDCWD, "/d/name", O_RDONLY, 0, "name");
  ASSERT_EQ(disk->lock(file.get(), LockMode::exclusive), 0);
  const auto state = disk->crash_state(disk->event_count(), {});
  EXPECT_NE(state->identity().boot_id, disk->identity().boot_id);
  EXPECT_GT(state->now(), disk->now());
  EXPECT_EQ(state->open_count(), 0U);
  const Fd again = open_file(*state, AT_FDCWD, "/d/name", O_RDONLY, 0, "name");
  EXPECT_EQ(state->lock(again.get(), LockMode::exclusive), 0);
}

/// Random work on few names, so that every crash state can be looked at.
void work(SimSystem& disk, const std::vector<unsigned>& choices) {
  static constexpr std::array<const char*, 8> kNames{"/a", "/b", "/d", "/d/a", "/d/b", "/e", "/e/a", "/d/e"};
  for (const unsigned choice : choices) {
    const char* const name = kNames[choice % kNames.size()];
    const char* const other = kNames[choice / 8 % kNames.size()];
    switch (choice / 64 % 10) {
      case 0:
        disk.make_directory(AT_FDCWD, name, 0755);
        break;
      case 1:
        disk.remove_file(AT_FDCWD, name);
        break;
      case 2:
        disk.remove_directory(AT_FDCWD, name);
        break;
      case 3:
      case 4:
        disk.rename(AT_FDCWD, name, AT_FDCWD, other, RenameMode::replace);
        break;
      case 5:
        disk.rename(AT_FDCWD, name, AT_FDCWD, other, RenameMode::exchange);
        break;
      case 6:
        disk.link(AT_FDCWD, name, AT_FDCWD, other);
        break;
      default: {
        const Fd file(disk, disk.open_at(AT_FDCWD, name, choice / 64 % 10 == 7 ? O_RDONLY : O_RDWR | O_CREAT, 0600));
        if (!file.is_open()) break;
        if (choice / 640 % 2 == 0) disk.sync(file.get());
        if (choice / 640 % 3 == 0) disk.truncate(file.get(), choice % 9000);
        if (choice / 640 % 3 == 1) disk.write_at(file.get(), Bytes(choice % 9000 + 1, static_cast<std::byte>(choice)), choice % 7000);
      }
    }
  }
}

RC_GTEST_PROP(SimCrash, StatesAreSoundFileSystems, (const std::vector<std::uint16_t>& choices)) {
  SimSystem disk;
  work(disk, {choices.begin(), choices.end()});
  for (std::size_t k = 0; k <= disk.event_count(); k += 1 + disk.event_count() / 5)
    for (const CrashVariant& variant : crash_variants(1)) {
      const auto state = disk.crash_state(k, variant);
      const TreeDescription before = state->tree();
      std::uint64_t files = 0;
      for (const auto& [path, node] : before) {
        RC_ASSERT(node.link_count >= 1U);
        files += 1;
        FileStat stat;
        RC_ASSERT(state->stat_at(AT_FDCWD, ("/" + path).c_str(), stat) == 0);
      }
      RC_ASSERT(files < 1000U);
      // What is there is durable: another cut at once changes nothing.
      RC_ASSERT(state->crash_state(0, {CrashKind::all_lost})->tree() == before);
      work(*state, {choices.begin(), choices.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(choices.size(), 10))});
    }
}

RC_GTEST_PROP(SimCrash, WhatIsAllKeptIsWhatWasThere, (const std::vector<std::uint16_t>& choices)) {
  SimSystem disk;
  work(disk, {choices.begin(), choices.end()});
  RC_ASSERT(disk.crash_state(disk.event_count(), {CrashKind::all_kept})->tree() == disk.tree());
  RC_ASSERT(disk.crash_state(0, {CrashKind::all_kept})->tree().empty());
  RC_ASSERT(disk.copy()->tree() == disk.tree());
}

RC_GTEST_PROP(SimCrash, AfterSyncfsNoCutLosesAnything, (const std::vector<std::uint16_t>& choices)) {
  SimSystem disk;
  work(disk, {choices.begin(), choices.end()});
  disk.sync_file_system(open_directory(disk, AT_FDCWD, "/", "/").get());
  for (const CrashVariant& variant : crash_variants(3)) RC_ASSERT(disk.crash_state(disk.event_count(), variant)->tree() == disk.tree());
}

TEST(SimCrash, StatesAreCheap) {
  const auto disk = disk_with_old_file();
  for (int i = 0; i < 10; ++i) {
    write_and_rename(*disk, {});
    ASSERT_EQ(disk->remove_file(AT_FDCWD, "/d/name"), 0);
  }
  const auto begin = std::chrono::steady_clock::now();
  constexpr int kRounds = 200;
  for (int i = 0; i < kRounds; ++i)
    ASSERT_NE(disk->crash_state(disk->event_count(), {CrashKind::random, static_cast<std::uint64_t>(i)}), nullptr);
  const double microseconds = std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count() / kRounds;
  RecordProperty("microseconds_per_state", std::to_string(microseconds));
  EXPECT_LT(microseconds, 5000) << "10 replaced files";  // some tens in a release build; the bound is for sanitizers on busy machines
  if (std::getenv("METAMORI_TEST_TIMES") != nullptr) printf("%.1f us per state of %zu events\n", microseconds, disk->event_count());
}

}  // namespace
}  // namespace metamori::test
