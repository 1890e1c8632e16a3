// What the comparison with the kernel (sim_model.cpp) does not reach: clock, limits, locks, mappings, several descriptors.

#include "tests/support/sim_system.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <thread>

#include "base/bytes.hpp"
#include "base/files.hpp"
#include "tests/support/rapidcheck_gtest.hpp"

namespace metamori::test {
namespace {

Fd open_at_root(SimSystem& disk, const char* path, int flags) { return open_file(disk, AT_FDCWD, path, flags, 0644, path); }

FileStat stat_of_path(SimSystem& disk, const char* path) { return find_stat(disk, AT_FDCWD, path, path).value(); }

TEST(SimSystem, TheClockMovesOnlyWithChangesAndSleep) {
  SimSystem disk;
  const Time start = disk.now();
  EXPECT_EQ(disk.now(), start);
  disk.write_file("/file", "x");
  const Time later = disk.now();
  EXPECT_GT(later, start);
  EXPECT_EQ(stat_of_path(disk, "/file").mtime, later);
  disk.sleep_ns(5'000'000'000);
  EXPECT_EQ(disk.now().seconds, later.seconds + 5);
  disk.advance_clock(-10'000'000'000);
  EXPECT_LT(disk.now(), start);
}

TEST(SimSystem, TwoChangesInOneTickGiveTheSameTimes) {
  SimSystem disk({.tick_ns = 1000, .granularity_ns = 4'000'000});
  disk.write_file("/file", "x");
  const FileStat before = stat_of_path(disk, "/file");
  disk.write_file("/file", "y");
  EXPECT_EQ(stat_of_path(disk, "/file"), before);
}

TEST(SimSystem, AFullDiskWritesWhatFitsAndThenFails) {
  SimSystem disk({.capacity_bytes = 4 * kPageBytes});  // the root takes one page
  const Fd file = open_at_root(disk, "/file", O_WRONLY | O_CREAT);
  EXPECT_EQ(disk.write_at(file.get(), Bytes(5 * kPageBytes), 0), static_cast<std::int64_t>(3 * kPageBytes));
  EXPECT_EQ(disk.write_at(file.get(), Bytes(1), 3 * kPageBytes), -ENOSPC);
  EXPECT_EQ(disk.write_at(file.get(), Bytes(1), 100), 1);  // there is a page already
  EXPECT_EQ(disk.make_directory(AT_FDCWD, "/dir", 0755), -ENOSPC);
  FileSystemInfo info;
  ASSERT_EQ(disk.file_system_info(file.get(), info), 0);
  EXPECT_EQ(info.available_bytes, 0U);
  EXPECT_EQ(disk.truncate(file.get(), 0), 0);
  EXPECT_EQ(disk.write_at(file.get(), Bytes(kPageBytes), 0), static_cast<std::int64_t>(kPageBytes));
}

TEST(SimSystem, ADiskRunsOutOfInodes) {
  SimSystem disk({.capacity_inodes = 3});
  disk.write_file("/a", "");
  disk.write_file("/b", "");
  EXPECT_EQ(disk.make_directory(AT_FDCWD, "/c", 0755), -ENOSPC);
  EXPECT_EQ(disk.open_at(AT_FDCWD, "/c", O_WRONLY | O_CREAT, 0644), -ENOSPC);
  ASSERT_EQ(disk.remove_file(AT_FDCWD, "/a"), 0);
  EXPECT_EQ(disk.make_directory(AT_FDCWD, "/c", 0755), 0);
}

TEST(SimSystem, NothingChangesOnAReadOnlyFileSystem) {
  SimSystem disk;
  disk.write_file("/d/file", "content");
  const TreeDescription before = disk.tree();
  const Fd file = open_at_root(disk, "/d/file", O_RDWR);
  disk.configure([](SimOptions& options) { options.read_only = true; });
  EXPECT_EQ(disk.open_at(AT_FDCWD, "/d/file", O_WRONLY, 0), -EROFS);
  EXPECT_EQ(disk.open_at(AT_FDCWD, "/d/new", O_WRONLY | O_CREAT, 0644), -EROFS);
  EXPECT_EQ(disk.write_at(file.get(), Bytes(1), 0), -EROFS);
  EXPECT_EQ(disk.rename(AT_FDCWD, "/d/file", AT_FDCWD, "/d/other", RenameMode::replace), -EROFS);
  EXPECT_EQ(disk.remove_file(AT_FDCWD, "/d/file"), -EROFS);
  EXPECT_EQ(disk.set_mode_at(AT_FDCWD, "/d/file", 0), -EROFS);
  EXPECT_EQ(disk.make_directory(AT_FDCWD, "/e", 0755), -EROFS);
  EXPECT_EQ(disk.tree(), before);
  EXPECT_EQ(as_text(disk.read_file("/d/file")), "content");
}

TEST(SimSystem, AnOpenFileOutlivesItsName) {
  SimSystem disk;
  disk.write_file("/file", "content");
  const std::uint64_t number = stat_of_path(disk, "/file").inode;
  {
    const Fd file = open_at_root(disk, "/file", O_RDONLY);
    ASSERT_EQ(disk.remove_file(AT_FDCWD, "/file"), 0);
    EXPECT_EQ(as_text(read_whole(disk, file.get(), 100, "file")), "content");
    EXPECT_EQ(stat_of(disk, file.get(), "file").link_count, 0U);
    disk.write_file("/other", "");
    EXPECT_NE(stat_of_path(disk, "/other").inode, number);
  }
  disk.write_file("/third", "");
  EXPECT_EQ(stat_of_path(disk, "/third").inode, number);  // numbers are used again
}

TEST(SimSystem, LocksBelongToOpenDescriptions) {
  SimSystem disk;
  disk.write_file("/lock", "");
  const Fd one = open_at_root(disk, "/lock", O_RDONLY);
  Fd two = open_at_root(disk, "/lock", O_RDONLY);
  const Fd three = open_at_root(disk, "/lock", O_RDONLY);
  EXPECT_EQ(disk.lock(one.get(), LockMode::shared), 0);
  EXPECT_EQ(disk.lock(two.get(), LockMode::shared), 0);
  EXPECT_EQ(disk.lock(three.get(), LockMode::exclusive), -EWOULDBLOCK);
  EXPECT_EQ(disk.lock(one.get(), LockMode::unlock), 0);
  two.close("/lock");  // closing unlocks
  EXPECT_EQ(disk.lock(three.get(), LockMode::exclusive), 0);
  EXPECT_EQ(disk.lock(one.get(), LockMode::shared), -EWOULDBLOCK);
}

TEST(SimSystem, AMappingKeepsItsBytesUntilUnmapped) {
  SimSystem disk;
  disk.write_file("/file", "content");
  {
    const Fd file = open_at_root(disk, "/file", O_RDONLY);
    const Mapping mapping(disk, file.get(), 7, "/file");
    disk.write_file("/file", "something else");
    EXPECT_EQ(as_text(mapping.bytes()), "content");
    EXPECT_EQ(disk.mapping_count(), 1U);
  }
  EXPECT_EQ(disk.mapping_count(), 0U);
  EXPECT_EQ(disk.open_count(), 0U);
}

TEST(SimSystem, WritersAreSeen) {
  SimSystem disk;
  disk.write_file("/file", "content");
  const Fd file = open_at_root(disk, "/file", O_RDONLY);
  EXPECT_EQ(disk.probe_writers(file.get()), 0);
  const Fd writer = open_at_root(disk, "/file", O_WRONLY);
  EXPECT_EQ(disk.probe_writers(file.get()), 1);
}

TEST(SimSystem, ClonesShareBytesUntilOneIsWritten) {
  SimSystem disk;
  disk.write_file("/a", std::string(10000, 'a'));
  const Fd from = open_at_root(disk, "/a", O_RDONLY);
  const Fd to = open_at_root(disk, "/b", O_RDWR | O_CREAT);
  EXPECT_EQ(disk.clone_from(to.get(), from.get()), -EOPNOTSUPP);
  disk.configure([](SimOptions& options) { options.reflinks = true; });
  ASSERT_EQ(disk.clone_from(to.get(), from.get()), 0);
  EXPECT_EQ(disk.read_file("/b"), disk.read_file("/a"));
  ASSERT_EQ(disk.write_at(to.get(), to_bytes("b"), 0), 1);
  EXPECT_EQ(as_text(disk.read_file("/a")).front(), 'a');
}

TEST(SimSystem, FilesWithoutANameAreGoneWhenClosed) {
  SimSystem disk({.capacity_inodes = 4});
  disk.make_directories("/d");
  disk.write_file("/d/file", "content");
  const TreeDescription before = disk.tree("/");
  for (int i = 0; i < 10; ++i) {
    const Fd file = open_at_root(disk, "/d", O_TMPFILE | O_RDWR | O_EXCL);
    ASSERT_EQ(disk.write_at(file.get(), to_bytes("bytes"), 0), 5);
    FileStat stat;
    ASSERT_EQ(disk.stat(file.get(), stat), 0);
    EXPECT_EQ(stat.link_count, 0U);
    EXPECT_EQ(stat.size_bytes, 5U);
    EXPECT_EQ(disk.tree("/"), before);
  }
  EXPECT_EQ(disk.open_at(AT_FDCWD, "/d", O_TMPFILE | O_RDONLY, 0600), -EINVAL);
  EXPECT_EQ(disk.open_at(AT_FDCWD, "/d/file", O_TMPFILE | O_RDWR, 0600), -ENOTDIR);
  EXPECT_EQ(disk.open_at(AT_FDCWD, "/none", O_TMPFILE | O_RDWR, 0600), -ENOENT);
  for (const CrashVariant& variant : crash_variants(2))
    EXPECT_LE(disk.crash_state(disk.event_count(), variant)->tree("/").size(), before.size());
  disk.configure([](SimOptions& options) { options.read_only = true; });
  EXPECT_EQ(disk.open_at(AT_FDCWD, "/d", O_TMPFILE | O_RDWR, 0600), -EROFS);
}

TEST(SimSystem, DirectoriesListEverythingOnceWithSmallBuffers) {
  SimSystem disk;
  for (int i = 0; i < 100; ++i) disk.write_file("/d/" + std::string(static_cast<std::size_t>(i + 1), 'x'), "");
  const Fd dir = open_directory(disk, AT_FDCWD, "/d", "/d");
  std::set<std::string> names;
  for (const DirectoryName& name : list_directory(disk, dir.get(), "/d")) EXPECT_TRUE(names.insert(name.name).second);
  EXPECT_EQ(names.size(), 100U);
  std::array<std::byte, 150> small;
  ASSERT_EQ(disk.rewind_directory(dir.get()), 0);
  std::int64_t total = 0;
  while (const std::int64_t count = disk.read_directory(dir.get(), small)) {
    ASSERT_GT(count, 0);
    total += count;
  }
  EXPECT_GT(total, 100 * 24);
  EXPECT_EQ(disk.read_directory(dir.get(), small), 0);
}

TEST(SimSystem, RenameFlagsCanBeMissing) {
  SimSystem disk({.rename_no_replace = false});
  disk.write_file("/a", "");
  EXPECT_EQ(disk.rename(AT_FDCWD, "/a", AT_FDCWD, "/b", RenameMode::no_replace), -EINVAL);
  EXPECT_EQ(disk.rename(AT_FDCWD, "/a", AT_FDCWD, "/b", RenameMode::replace), 0);
}

TEST(SimSystem, RandomBytesDependOnTheSeedAlone) {
  const auto bytes = [](std::uint64_t seed) {
    SimSystem disk({.seed = seed});
    std::array<std::byte, 16> buffer;
    disk.random(buffer);
    return to_hex(ByteView(buffer));
  };
  EXPECT_EQ(bytes(5), bytes(5));
  EXPECT_NE(bytes(5), bytes(6));
}

TEST(SimSystem, ManyThreadsMayUseIt) {
  SimSystem disk;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&disk, t] {
      for (int i = 0; i < 50; ++i) disk.write_file("/d" + std::to_string(t) + "/" + std::to_string(i), "content");
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(disk.tree().size(), 4U + 200U);
  EXPECT_EQ(disk.open_count(), 0U);
}

TEST(SimSystem, TreesAreRemovedWhole) {
  SimSystem disk;
  disk.write_file("/keep", "");
  disk.write_file("/d/e/f", "content");
  disk.write_file("/d-x/f", "content");
  disk.remove_tree("/d");
  EXPECT_FALSE(disk.exists("/d"));
  EXPECT_TRUE(disk.exists("/d-x/f"));
}

}  // namespace
}  // namespace metamori::test
