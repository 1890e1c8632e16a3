// P9, P10: no change is missed, nothing torn goes unmarked. The simulated disk stands in for time stamps of every kind; callbacks change
// files at the worst moments.

#include <gtest/gtest.h>

#include "tests/support/count.hpp"
#include "tests/support/scale.hpp"
#include "tests/unit/scan_world.hpp"

namespace metamori::test {
namespace {

class Capture : public ScanWorld {};

TEST_F(Capture, WhatIsInTheTreeIsInTheCheckpoint) {
  write("a", "one");
  write("d/b", "two");
  disk.make_directories(std::string(kTree) + "/empty");
  const CheckpointReport report = checkpoint(disk);
  EXPECT_TRUE(report.created);
  EXPECT_EQ(report.checkpoint.number, 1U);
  EXPECT_EQ(report.checkpoint.line, "main");
  EXPECT_EQ(report.checkpoint.files, 2U);
  EXPECT_EQ(report.checkpoint.entries, 4U);
  EXPECT_EQ(report.checkpoint.bytes_total, 6U);
  const auto engine = open_at_tree(disk);
  EXPECT_EQ(checkpointed_tree(*engine, 1), without_link_counts(user_tree(disk)));
}

TEST_F(Capture, UnchangedFilesAreNotReadAgain) {
  write("a", "one");
  settle();
  const CheckpointReport first = checkpoint(disk);
  settle();
  const CheckpointReport second = checkpoint(disk);
  EXPECT_EQ(second.bytes_read, 0U);
  EXPECT_EQ(second.checkpoint.root, first.checkpoint.root);
}

TEST_F(Capture, SameSizeEditInTheSameTickIsNotMissed) {
  disk.configure([](SimOptions& options) {
    options.granularity_ns = 4'000'000;
    options.tick_ns = 1000;
  });
  const std::uint64_t rounds = std::min<std::uint64_t>(1000, 50 * test_scale());
  for (std::uint64_t round = 0; round < rounds; ++round) {
    write("a", "aaaa");
    const auto first = checkpoint(disk).checkpoint.number;
    write("a", "bbbb");
    const auto second = checkpoint(disk).checkpoint.number;
    ASSERT_EQ(stored(first, "a"), "aaaa");
    ASSERT_EQ(stored(second, "a"), "bbbb");
  }
  print_count("T11.same-tick-edits", 2 * rounds);
}

TEST_F(Capture, ForgedMtimeIsNotMissed) {
  write("a", "aaaa");
  settle();
  checkpoint(disk);
  FileStat before;
  const int top = disk.open_at(AT_FDCWD, kTree, O_RDONLY | O_DIRECTORY, 0);
  ASSERT_EQ(disk.stat_at(top, "a", before), 0);
  settle();
  write("a", "bbbb");
  ASSERT_EQ(disk.set_mtime_at(top, "a", before.mtime), 0);
  disk.close(top);
  settle();
  checkpoint(disk);
  EXPECT_EQ(stored(2, "a"), "bbbb");
}

TEST_F(Capture, ClockSetBackIsNotMissed) {
  write("a", "aaaa");
  settle();
  checkpoint(disk);
  disk.advance_clock(-2LL * 86'400 * 1'000'000'000);
  write("a", "bbbb");
  checkpoint(disk);
  write("a", "cccc");
  checkpoint(disk);
  EXPECT_EQ(stored(2, "a"), "bbbb");
  EXPECT_EQ(stored(3, "a"), "cccc");
}

TEST_F(Capture, ClockSetBackAtAnyCallIsNotMissed) {
  write("a", "aaaa");
  settle();
  checkpoint(disk);
  FaultSystem counter(disk);
  write("a", "bbbb");
  checkpoint(counter);
  const std::uint64_t calls = counter.count_all();
  std::uint64_t met = 0;
  for (std::uint64_t call = 1; call <= calls; ++call, ++met) {
    write("a", "cccc");
    FaultSystem watched(disk);
    std::uint64_t seen = 0;
    watched.on_before([&](const CallInfo&) {
      if (++seen != call) return;
      disk.advance_clock(-2LL * 86'400 * 1'000'000'000);
      write("a", "dddd");
    });
    const std::string first = stored(checkpoint(watched).checkpoint.number, "a");
    ASSERT_TRUE(first == "cccc" || first == "dddd" || first.empty()) << call;
    ASSERT_EQ(stored(checkpoint(disk).checkpoint.number, "a"), "dddd") << call;
    disk.advance_clock(2LL * 86'400 * 1'000'000'000);
  }
  print_count("T11.clocks-set-back", met);
}

TEST_F(Capture, TmpfsIsNeverBelieved) {
  disk.configure([](SimOptions& options) { options.file_system_type = 0x01021994; });
  write("a", "aaaa");
  settle();
  checkpoint(disk);
  settle();
  EXPECT_EQ(checkpoint(disk).bytes_read, 8U);
}

TEST_F(Capture, FileThatOnlyGrowsWhileReadIsAPrefix) {
  write("log", "line 1\n");
  settle();
  FaultSystem watched(disk);
  bool done = false;
  watched.on_before([&](const CallInfo& info) {
    if (info.call != Call::read_at) return;
    if (done) return;
    done = true;
    disk.advance_clock(1'000'000);
    disk.write_file(std::string(kTree) + "/log", std::string_view("line 1\nline 2\n"));
  });
  // write_file truncates first; what counts is what the scan sees: the old bytes, then more.
  const auto report = checkpoint(watched);
  const auto text = stored(1, "log");
  EXPECT_TRUE(text == "line 1\n" || text == "line 1\nline 2\n") << text;
  EXPECT_FALSE(report.has_losses());
}

TEST_F(Capture, FileThatKeepsChangingIsMarkedTorn) {
  write("busy", "0000");
  settle();
  FaultSystem watched(disk);
  int round = 0;
  watched.on_before([&](const CallInfo& info) {
    if (info.call != Call::read_at) return;
    disk.advance_clock(1'000'000);
    disk.write_file(std::string(kTree) + "/busy", std::string_view(++round % 2 != 0 ? "1111" : "2222"));
  });
  const auto report = checkpoint(watched);
  ASSERT_EQ(report.verdicts.size(), 1U);
  EXPECT_EQ(report.verdicts[0].path, "busy");
  EXPECT_EQ(report.verdicts[0].verdict, CaptureVerdict::torn);
  EXPECT_TRUE(report.has_losses());
}

TEST_F(Capture, TornFileCanBeKeptOrFail) {
  write("busy", "0000");
  settle();
  checkpoint(disk);
  settle();
  write("busy", "9999");
  FaultSystem watched(disk);
  int round = 0;
  watched.on_before([&](const CallInfo& info) {
    if (info.call != Call::read_at) return;
    disk.advance_clock(1'000'000);
    disk.write_file(std::string(kTree) + "/busy", std::string_view(++round % 2 != 0 ? "1111" : "2222"));
  });
  CheckpointOptions options = one_worker();
  options.on_torn = OnTorn::fail;
  try {
    checkpoint(watched, options);
    FAIL() << "published a torn file";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::torn);
    EXPECT_EQ(error.path(), "busy");
  }
  EXPECT_EQ(open_at_tree(disk)->log->highest(), 1U);
  options.on_torn = OnTorn::keep_previous;
  const auto report = checkpoint(watched, options);
  ASSERT_EQ(report.verdicts.size(), 1U);
  EXPECT_EQ(report.verdicts[0].verdict, CaptureVerdict::kept);
  EXPECT_EQ(stored(2, "busy"), "0000");
}

TEST_F(Capture, UnreadableFileKeepsItsPreviousContentAndIsListed) {
  write("secret", "old");
  write("other", "fine");
  settle();
  checkpoint(disk);
  settle();
  write("secret", "new");
  FaultSystem faulty(disk);
  faulty.set_fault({.matches = [](const CallInfo& info) { return info.call == Call::open_at && info.name == "secret"; },
                    .for_ever = true,
                    .error = EACCES});
  const auto report = checkpoint(faulty);
  ASSERT_EQ(report.verdicts.size(), 1U);
  EXPECT_EQ(report.verdicts[0].verdict, CaptureVerdict::unreadable);
  EXPECT_FALSE(report.verdicts[0].reason.empty());
  EXPECT_EQ(stored(2, "secret"), "old");
  EXPECT_EQ(stored(2, "other"), "fine");
  checkpoint(disk);
  EXPECT_EQ(stored(3, "secret"), "new");
}

TEST_F(Capture, ReadErrorInOneFileDoesNotLoseTheOthers) {
  write("bad", "x");
  write("good", "y");
  settle();
  // Whichever read fails: either it was one of the repository's, and nothing is published, or one of a file's, and only that one is lost.
  int lost_one = 0;
  for (std::uint64_t at = 1; at <= 20; ++at) {
    const auto copy = disk.copy();
    FaultSystem faulty(*copy);
    faulty.set_fault({.matches = FaultSystem::only(Call::read_at), .at = at, .for_ever = false, .error = EIO});
    try {
      const auto report = checkpoint(faulty);
      if (report.verdicts.empty()) continue;
      ASSERT_EQ(report.verdicts.size(), 1U);
      EXPECT_EQ(report.verdicts[0].verdict, CaptureVerdict::unreadable);
      ++lost_one;
      const auto engine = open_at_tree(*copy);
      const TreeDescription tree = checkpointed_tree(*engine, 1);
      EXPECT_EQ(tree.at(report.verdicts[0].path == "bad" ? "good" : "bad").content.size(), 1U);
    } catch (const Error&) {
      EXPECT_LE(open_at_tree(*copy)->log->highest(), 1U);  // reading it back for the report may be what failed
    }
  }
  EXPECT_EQ(lost_one, 2);
}

TEST_F(Capture, FileRenamedIntoADirectoryAlreadyReadDoesNotVanish) {
  // "a" is read first, then the file moves from "z" to "a".
  for (int delay = 0; delay < 12; ++delay) {
    SimSystem local;
    local.make_directories("/tree/a");
    local.make_directories("/tree/z");
    init_at_tree(local);
    local.write_file("/tree/z/moved", std::string_view("precious"));
    local.advance_clock(10'000'000'000);
    FaultSystem watched(local);
    int seen = 0;
    bool done = false;
    watched.on_before([&](const CallInfo& info) {
      if (info.call != Call::read_directory) return;
      if (done || seen++ < delay) return;
      done = true;
      local.advance_clock(50'000'000);
      const int from = local.open_at(AT_FDCWD, "/tree/z", O_RDONLY | O_DIRECTORY, 0);
      const int to = local.open_at(AT_FDCWD, "/tree/a", O_RDONLY | O_DIRECTORY, 0);
      local.rename(from, "moved", to, "moved", RenameMode::replace);
      local.close(from);
      local.close(to);
    });
    checkpoint(watched);
    const auto engine = open_at_tree(local);
    const TreeDescription tree = checkpointed_tree(*engine, 1);
    EXPECT_TRUE(tree.contains("a/moved") || tree.contains("z/moved")) << "delay " << delay;
  }
}

TEST_F(Capture, NestedRepositoriesAndStagingNamesAreLeftOut) {
  disk.make_directories("/tree/inner");
  init_at_tree(disk, "/tree/inner");
  write("inner/file", "x");
  write(".metamori-stage-00-1", "x");
  write("kept", "x");
  const auto report = checkpoint(disk);
  EXPECT_EQ(report.skipped_repositories, std::vector<std::string>{"inner"});
  EXPECT_EQ(report.checkpoint.entries, 1U);
}

TEST_F(Capture, HardLinksAreOneGroup) {
  write("b", "shared");
  const int top = disk.open_at(AT_FDCWD, kTree, O_RDONLY | O_DIRECTORY, 0);
  ASSERT_EQ(disk.link(top, "b", top, "a"), 0);
  disk.close(top);
  for (int round = 0; round < 2; ++round) {
    settle();
    const auto report = checkpoint(disk);
    const auto engine = open_at_tree(disk);
    const Root root = get_root(*engine->store, report.checkpoint.root);
    EXPECT_EQ(get_links(*engine->store, root), (LinkTable{{"a", "b"}}));
  }
}

TEST_F(Capture, ScopedCheckpointReplacesOnlyItsPaths) {
  write("a/x", "1");
  write("a-b/x", "1");
  write("b/x", "1");
  settle();
  checkpoint(disk);
  settle();
  write("a/x", "2");
  write("a-b/x", "2");
  write("b/x", "2");
  CheckpointOptions options = one_worker();
  options.paths = {"a", "b/x"};
  const auto report = checkpoint(disk, options);
  EXPECT_EQ(report.checkpoint.number, 2U);
  EXPECT_EQ(stored(2, "a/x"), "2");
  EXPECT_EQ(stored(2, "b/x"), "2");
  EXPECT_EQ(stored(2, "a-b/x"), "1");
  checkpoint(disk);
  EXPECT_EQ(stored(3, "a-b/x"), "2");
  disk.remove_tree("/tree/a");
  options.paths = {"a"};
  checkpoint(disk, options);
  EXPECT_EQ(stored(4, "a/x"), "(absent)");
  EXPECT_EQ(stored(4, "b/x"), "2");
}

TEST_F(Capture, SkipIfUnchangedPublishesNothing) {
  write("a", "1");
  settle();
  checkpoint(disk);
  CheckpointOptions options = one_worker();
  options.skip_if_unchanged = true;
  const auto report = checkpoint(disk, options);
  EXPECT_FALSE(report.created);
  EXPECT_EQ(report.checkpoint.number, 1U);
  write("a", "2");
  EXPECT_TRUE(checkpoint(disk, options).created);
}

TEST_F(Capture, NamesThatCameAndWentAreNoChange) {
  write("d/a", "1");
  settle();
  checkpoint(disk);
  CheckpointOptions options = one_worker();
  options.skip_if_unchanged = true;
  for (int round = 0; round < 3; ++round) {
    settle();
    disk.make_directories(std::string(kTree) + "/d/scratch");
    disk.remove_tree(std::string(kTree) + "/d/scratch");
    settle();
    EXPECT_FALSE(checkpoint(disk, options).created) << round;
  }
  // What was seen on the way is nowhere, and nothing may rest on it.
  write("a", "2");
  EXPECT_TRUE(checkpoint(disk, options).created);
  EXPECT_EQ(checkpointed_tree(*open_at_tree(disk), 2), without_link_counts(user_tree(disk)));
  const int top = disk.open_at(AT_FDCWD, kTree, O_RDONLY | O_DIRECTORY, 0);
  ASSERT_EQ(disk.set_mode_at(top, "d", 0700), 0);
  disk.close(top);
  EXPECT_TRUE(checkpoint(disk, options).created) << "the mode of a directory is worth one";
}

TEST_F(Capture, TwoNewFilesACheckpoint) {
  for (int file = 0; file < 40; ++file) write("f" + std::to_string(file), std::string(1000, static_cast<char>('a' + file % 26)));
  checkpoint(disk);
  const auto count = [&] {
    std::size_t files = 0;
    for (const auto& [path, node] : disk.tree("/tree/.metamori"))
      if (path.starts_with("packs/") || path.starts_with("checkpoints/") || path.starts_with("tmp/")) ++files;
    return files;
  };
  const std::size_t before = count();
  write("f0", "changed");
  checkpoint(disk);
  EXPECT_EQ(count(), before + 2);
}

TEST_F(Capture, WhatALostPackHeldIsReadAndStoredAgain) {
  // A pack that is gone takes old checkpoints with it; the next one must not rest on it, though nothing in the tree has changed.
  write("a/one", std::string(50'000, '1') + "x");
  write("b/two", "small");
  settle();
  checkpoint(disk);
  settle();
  checkpoint(disk);
  const int packs = disk.open_at(AT_FDCWD, "/tree/.metamori/packs", O_RDONLY | O_DIRECTORY, 0);
  for (const auto& [path, node] : disk.tree("/tree/.metamori/packs")) ASSERT_EQ(disk.remove_file(packs, path.c_str()), 0);
  disk.close(packs);
  const auto report = checkpoint(disk);
  const auto engine = open_at_tree(disk);
  EXPECT_EQ(checkpointed_tree(*engine, report.checkpoint.number), without_link_counts(user_tree(disk)));
}

TEST_F(Capture, AnIgnoreFileOfMegabytesIsHeeded) {
  std::string text = "x.tmp\n";
  while (text.size() < 2'000'000) text += "# a comment of some length, to fill the file with nothing that matters\n";
  write(".metamoriignore", text + "y.tmp\n");
  write("x.tmp", "x");
  write("y.tmp", "y");
  write("kept", "z");
  checkpoint(disk);
  EXPECT_EQ(stored(1, "x.tmp"), "(absent)");
  EXPECT_EQ(stored(1, "y.tmp"), "(absent)");
  EXPECT_EQ(stored(1, "kept"), "z");
}

TEST_F(Capture, AnIgnoreFileThatIsTooLargeIsNamed) {
  disk.make_directories(std::string(kTree) + "/d");
  write("d/.metamoriignore", std::string((16U << 20) + 1, '#'));
  try {
    checkpoint(disk);
    FAIL() << "its rules were not heeded";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::refused);
    EXPECT_EQ(error.path(), "d/.metamoriignore");
  }
}

}  // namespace
}  // namespace metamori::test
