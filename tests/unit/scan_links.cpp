// P6, P10 for files with several names: whatever happens to them during a scan, they stay one file, and all names have the same entry.

#include "core/restore.hpp"
#include "tests/unit/scan_world.hpp"

namespace metamori::test {
namespace {

class LinkedFiles : public ScanWorld {
 protected:
  void link(const std::string& from, const std::string& to) {
    if (const auto slash = to.rfind('/'); slash != std::string::npos) disk.make_directories(std::string(kTree) + '/' + to.substr(0, slash));
    const Fd top = open_top();
    ASSERT_EQ(disk.link(top.get(), from.c_str(), top.get(), to.c_str()), 0);
  }
  void remove(const std::string& name) {
    const Fd top = open_top();
    ASSERT_EQ(disk.remove_file(top.get(), name.c_str()), 0);
  }
  Fd open_top() { return {disk, disk.open_at(AT_FDCWD, kTree, O_RDONLY | O_DIRECTORY, 0)}; }
  LinkTable links(std::uint64_t number) {
    const auto engine = open_at_tree(disk);
    return get_links(*engine->store, root_of(*engine, number));
  }
  static Root root_of(Engine& engine, std::uint64_t number) {
    return get_root(*engine.store, decode_checkpoint_record(engine.log->get(number).blob, "test").root);
  }
  /// Entries of all members of all groups, without names, are equal within each group.
  void expect_equal_members(std::uint64_t number) {
    const auto engine = open_at_tree(disk);
    const Root root = root_of(*engine, number);
    for (const auto& group : get_links(*engine->store, root)) {
      auto first = find_path(*engine->store, root, group.front());
      ASSERT_TRUE(first) << group.front();
      for (const std::string& path : group) {
        auto entry = find_path(*engine->store, root, path);
        ASSERT_TRUE(entry) << path;
        entry->name = first->name;
        EXPECT_TRUE(*entry == *first) << path;
      }
    }
  }
  /// A checkpoint during which `change` happens once, before the `at`-th call `call` about `name`.
  CheckpointReport checkpoint_while(Call call, const std::string& name, int at, const std::function<void()>& change,
                                    const CheckpointOptions& options = one_worker()) {
    FaultSystem watched(disk);
    int seen = 0;
    watched.on_before([&](const CallInfo& info) {
      if (info.call == call && info.name == name && ++seen == at) change();
    });
    const auto report = checkpoint(watched, options);
    EXPECT_GE(seen, at);
    return report;
  }
  static CheckpointOptions only(const std::string& path) {
    CheckpointOptions options = one_worker();
    options.paths = {path};
    return options;
  }
};

TEST_F(LinkedFiles, ChangedBetweenLooksAtItsNamesItIsOneFileStill) {
  write("a/f", "old");
  write("z/other", "x");
  link("a/f", "z/g");
  settle();
  for (const char* second : {"f", "g"}) {  // whichever is looked at last
    const auto copy = disk.copy();
    bool done = false;
    FaultSystem watched(*copy);
    watched.on_before([&](const CallInfo& info) {
      if (done || info.call != Call::stat_at || info.name != second) return;
      done = true;
      copy->write_file("/tree/a/f", std::string_view("newer"));
    });
    const auto report = checkpoint(watched);
    ASSERT_TRUE(done);
    const auto engine = open_at_tree(*copy);
    const TreeDescription tree = checkpointed_tree(*engine, 1);
    EXPECT_EQ(tree.at("a/f"), tree.at("z/g"));
    EXPECT_EQ(as_text(tree.at("a/f").content), "newer");
    EXPECT_EQ(get_links(*engine->store, root_of(*engine, 1)), (LinkTable{{"a/f", "z/g"}}));
    for (const CapturedPath& path : report.verdicts) EXPECT_EQ(path.verdict, CaptureVerdict::retried) << path.path;
  }
}

TEST_F(LinkedFiles, UnchangedUnderOneNameAndChangedBeforeTheNext) {
  write("f", "old");
  link("f", "g");
  settle();
  checkpoint(disk);
  settle();
  const auto report = checkpoint_while(Call::stat_at, "g", 1, [&] {
    disk.advance_clock(1'000'000'000);
    write("f", "newer");
  });
  expect_equal_members(2);
  EXPECT_EQ(stored(2, "f"), "newer");
  EXPECT_EQ(links(2), (LinkTable{{"f", "g"}}));
  ASSERT_EQ(report.verdicts.size(), 2U);
  EXPECT_EQ(report.verdicts[0].verdict, CaptureVerdict::retried);
  EXPECT_EQ(report.verdicts[1].verdict, CaptureVerdict::retried);
  settle();
  EXPECT_TRUE(checkpoint(disk).verdicts.empty());
  expect_equal_members(3);
}

TEST_F(LinkedFiles, TornUnderOneNameAndCleanUnderTheNextItIsClean) {
  write("f", "0000");
  link("f", "g");
  settle();
  FaultSystem watched(disk);
  bool torn = true;
  int round = 0;
  watched.on_before([&](const CallInfo& info) {
    if (info.call == Call::open_at && info.name == "g") torn = false;
    if (info.call != Call::read_at || !torn) return;
    disk.advance_clock(1'000'000);
    write("f", ++round % 2 != 0 ? "1111" : "2222");
  });
  const auto report = checkpoint(watched);
  ASSERT_FALSE(torn);
  expect_equal_members(1);
  EXPECT_FALSE(report.has_losses());
  EXPECT_EQ(report.verdicts.size(), 2U);
}

TEST_F(LinkedFiles, TornUnderAllNamesAllAreTorn) {
  write("f", "0000");
  link("f", "g");
  settle();
  FaultSystem watched(disk);
  int round = 0;
  watched.on_before([&](const CallInfo& info) {
    if (info.call != Call::read_at) return;
    disk.advance_clock(1'000'000);
    write("f", ++round % 2 != 0 ? "1111" : "2222");
  });
  const auto report = checkpoint(watched);
  expect_equal_members(1);
  ASSERT_EQ(report.verdicts.size(), 2U);
  EXPECT_EQ(report.verdicts[0].verdict, CaptureVerdict::torn);
  EXPECT_EQ(report.verdicts[1].verdict, CaptureVerdict::torn);
}

TEST_F(LinkedFiles, AreReadOnceAlsoWhereTimesDontTell) {
  disk.configure([](SimOptions& options) { options.file_system_type = 0x01021994; });  // tmpfs
  write("f", "once");
  link("f", "g");
  settle();
  EXPECT_EQ(checkpoint(disk).bytes_read, 8U);
  expect_equal_members(1);
}

TEST_F(LinkedFiles, MovedWithTheirDirectoryTheyAreNotReadAgain) {
  write("a/f", "once");
  link("a/f", "g");
  settle();
  checkpoint(disk);
  settle();
  {
    const Fd top = open_top();
    ASSERT_EQ(disk.rename(top.get(), "a", top.get(), "z", RenameMode::no_replace), 0);
  }
  settle();
  EXPECT_EQ(checkpoint(disk).bytes_read, 0U);
  EXPECT_EQ(links(2), (LinkTable{{"g", "z/f"}}));
  expect_equal_members(2);
}

TEST_F(LinkedFiles, NamesOutsideTheScopeComeAlong) {
  write("in/f", "old");
  link("in/f", "out/f");
  write("out/other", "old");
  settle();
  checkpoint(disk);
  settle();
  write("in/f", "newer");
  write("out/other", "newer");
  settle();
  checkpoint(disk, only("in"));
  EXPECT_EQ(stored(2, "in/f"), "newer");
  EXPECT_EQ(stored(2, "out/f"), "newer");
  EXPECT_EQ(stored(2, "out/other"), "old");
  EXPECT_EQ(links(2), (LinkTable{{"in/f", "out/f"}}));
  expect_equal_members(2);
  settle();
  checkpoint(disk);
  EXPECT_EQ(links(3), (LinkTable{{"in/f", "out/f"}}));
  EXPECT_EQ(checkpointed_tree(*open_at_tree(disk), 3), without_link_counts(user_tree(disk)));
}

TEST_F(LinkedFiles, NamesOutsideTheScopeThatAreAnotherFileByNowStay) {
  write("in/f", "old");
  link("in/f", "out/f");
  link("in/f", "out/g");
  settle();
  checkpoint(disk);
  settle();
  remove("in/f");
  write("in/f", "newer");
  settle();
  checkpoint(disk, only("in"));
  EXPECT_EQ(stored(2, "in/f"), "newer");
  EXPECT_EQ(stored(2, "out/f"), "old");
  EXPECT_EQ(links(2), (LinkTable{{"out/f", "out/g"}}));
}

TEST_F(LinkedFiles, NamesOutsideTheScopeComeAlongOntoAnotherWritersCheckpoint) {
  write("in/f", "old");
  link("in/f", "out/f");
  link("in/f", "gone/f");
  write("other/x", "old");
  settle();
  checkpoint(disk);
  settle();
  write("in/f", "newer");
  write("other/x", "newer");
  settle();
  FaultSystem watched(disk);
  bool done = false;
  watched.on_before([&](const CallInfo& info) {
    if (done || info.call != Call::rename || info.to_name != "2") return;
    done = true;
    checkpoint(disk, only("other"));
    disk.remove_tree("/tree/gone");
    checkpoint(disk, only("gone"));
  });
  checkpoint(watched, only("in"));
  ASSERT_TRUE(done);
  EXPECT_EQ(stored(4, "other/x"), "newer");
  EXPECT_EQ(stored(4, "out/f"), "newer");
  EXPECT_EQ(stored(4, "gone/f"), "(absent)");
  EXPECT_EQ(links(4), (LinkTable{{"in/f", "out/f"}}));
  expect_equal_members(4);
}

TEST_F(LinkedFiles, NameThatBecameADirectoryIsInNoGroup) {
  write("a", "one");
  link("a", "b");
  link("a", "c");
  settle();
  checkpoint(disk);
  settle();
  remove("a");
  write("a/x", "two");
  settle();
  checkpoint(disk, only("a/x"));
  EXPECT_EQ(stored(2, "a/x"), "two");
  EXPECT_EQ(links(2), (LinkTable{{"b", "c"}}));
}

TEST_F(LinkedFiles, UntrackedNameOfATrackedFileComesBackAsItsName) {
  write("u", "one");
  write("t", "two");
  settle();
  checkpoint(disk);
  disk.write_file(std::string(kTree) + "/.metamori/rules", std::string_view("!u\n"));
  remove("u");
  link("t", "u");
  settle();
  RestoreOptions options;
  options.revision = "1";
  options.control.jobs = 1;
  restore_checkpoint(*open_at_tree(disk), options);
  EXPECT_EQ(as_text(disk.read_file("/tree/u")), "one");
  settle();
  undo_restore(*open_at_tree(disk), {});
  const Fd top = open_top();
  FileStat t, u;
  disk.stat_at(top.get(), "t", t);
  disk.stat_at(top.get(), "u", u);
  EXPECT_EQ(t.inode, u.inode);
}

}  // namespace
}  // namespace metamori::test
