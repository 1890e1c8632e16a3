// Making and opening repositories: what is refused, and that neither crash nor failing call leaves half of one.

#include <gtest/gtest.h>

#include "tests/support/count.hpp"
#include "tests/support/engine_world.hpp"
#include "tests/support/scale.hpp"

namespace metamori::test {
namespace {

InitOptions at_tree() {
  InitOptions options;
  options.directory = kTree;
  return options;
}

InitOptions elsewhere() {
  InitOptions options = at_tree();
  options.repository_dir = "/scratch/repo";
  return options;
}

template <class Call>
ErrorKind error_of(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error.kind();
  }
  ADD_FAILURE() << "nothing was thrown";
  return ErrorKind::io;
}

bool has_litter(const SimSystem& disk) {
  for (const auto& [path, node] : disk.tree("/"))
    if (path.find(kStagePrefix) != std::string::npos) return true;
  return false;
}

TEST(Init, MakesWhatFormat1Knows) {
  SimSystem disk;
  disk.make_directories(kTree);
  auto engine = init_engine(disk, at_tree());
  EXPECT_EQ(engine->tree_directory, kTree);
  EXPECT_EQ(engine->repository_directory, "/tree/.metamori");
  EXPECT_EQ(engine->repository_id.size(), 32U);
  EXPECT_FALSE(engine->read_only);
  engine.reset();
  std::set<std::string> names;
  for (const auto& [path, node] : disk.tree("/tree/.metamori")) names.insert(path);
  EXPECT_EQ(names, (std::set<std::string>{"cache", "checkpoints", "format", "locks", "packs", "refs", "refs/pins", "refs/tags", "restore",
                                          "tmp", "trash"}));
  EXPECT_EQ(disk.tree("/tree").at(".metamori").mode & 07777U, 0700U);
  EXPECT_FALSE(has_litter(disk));
  EXPECT_EQ(disk.open_count(), 0U);
}

TEST(Init, MakesMissingDirectoriesAndIsFoundFromBelow) {
  SimSystem disk;
  InitOptions options;
  options.directory = "/a/b/c";
  init_engine(disk, options);
  disk.make_directories("/a/b/c/d/e");
  EXPECT_EQ(open_at_tree(disk, "/a/b/c/d/e")->tree_directory, "/a/b/c");
  EXPECT_EQ(error_of([&] { open_at_tree(disk, "/a/b"); }), ErrorKind::no_repository);
}

TEST(Init, ASecondIsRefusedUnlessThatIsFine) {
  SimSystem disk;
  disk.make_directories(kTree);
  const std::string id = init_engine(disk, at_tree())->repository_id;
  EXPECT_EQ(error_of([&] { init_engine(disk, at_tree()); }), ErrorKind::refused);
  InitOptions fine = at_tree();
  fine.exist_ok = true;
  EXPECT_EQ(init_engine(disk, fine)->repository_id, id);
  fine.repository_dir = "/other";
  EXPECT_EQ(error_of([&] { init_engine(disk, fine); }), ErrorKind::refused);
}

TEST(Init, InsideARepositoryIsNonsense) {
  SimSystem disk;
  disk.make_directories(kTree);
  init_engine(disk, at_tree());
  InitOptions options;
  options.directory = "/tree/.metamori/packs";
  EXPECT_EQ(error_of([&] { init_engine(disk, options); }), ErrorKind::usage);
  options.directory = "/tree/sub";
  options.repository_dir = "/tree/.metamori/x";
  EXPECT_EQ(error_of([&] { init_engine(disk, options); }), ErrorKind::usage);
  options.repository_dir = "/tree/sub/repo";
  EXPECT_EQ(error_of([&] { init_engine(disk, options); }), ErrorKind::usage);
}

TEST(Init, ElsewhereIsFoundByPointerAndByName) {
  SimSystem disk;
  disk.make_directories(kTree);
  const std::string id = init_engine(disk, elsewhere())->repository_id;
  EXPECT_EQ(open_at_tree(disk)->repository_directory, "/scratch/repo");
  OpenOptions by_name;
  by_name.repository_dir = "/scratch/repo";
  auto engine = open_engine(disk, by_name);
  EXPECT_EQ(engine->tree_directory, kTree);
  EXPECT_EQ(engine->repository_id, id);
  EXPECT_TRUE(engine->tree.is_open());
  engine.reset();
  by_name.repository_dir = kTree;  // a directory that holds one
  EXPECT_EQ(open_engine(disk, by_name)->repository_id, id);
  by_name.repository_dir = "/tree/.metamori";
  EXPECT_EQ(open_engine(disk, by_name)->repository_id, id);
  disk.remove_tree("/tree");
  by_name.repository_dir = "/scratch/repo";
  EXPECT_FALSE(open_engine(disk, by_name)->tree.is_open());
}

TEST(Init, WhereNothingCanBePublishedSafelyIsUnsupported) {
  SimOptions options;
  options.rename_no_replace = false;
  SimSystem disk(options);
  disk.make_directories(kTree);
  FaultSystem system(disk);
  system.set_fault({.matches = FaultSystem::only(Call::link), .at = 1, .for_ever = true, .error = EPERM});
  EXPECT_EQ(error_of([&] { init_engine(system, at_tree()); }), ErrorKind::unsupported);
  EXPECT_TRUE(user_tree(disk).empty());
  system.clear_faults();
  EXPECT_EQ(init_engine(system, at_tree())->tree_directory, kTree);  // links are enough
}

TEST(Init, SharedBelongsToTheGroup) {
  SimSystem disk;
  disk.make_directories(kTree);
  InitOptions options = at_tree();
  options.shared = true;
  init_engine(disk, options);
  const TreeDescription tree = disk.tree("/tree");
  EXPECT_EQ(tree.at(".metamori").mode & 07777U, 02770U);
  EXPECT_EQ(tree.at(".metamori/packs").mode & 07777U, 02770U);
  EXPECT_EQ(tree.at(".metamori/format").mode & 07777U, 0660U);
  disk.configure([](SimOptions& o) { o.identity.uid = 1000; });
  EXPECT_FALSE(open_at_tree(disk)->read_only);  // the owner is root, and the group may write
  disk.write_file("/tree/.metamori/config", std::string_view(""));
}

TEST(Open, AnothersRepositoryIsRefusedUnlessShared) {
  SimSystem disk;
  disk.make_directories(kTree);
  init_engine(disk, at_tree());
  ASSERT_EQ(disk.set_owner_at(AT_FDCWD, "/tree/.metamori", 1234, 1234), 0);
  EXPECT_EQ(error_of([&] { open_at_tree(disk); }), ErrorKind::refused);
  disk.write_file("/tree/.metamori/config", std::string_view("[core]\n\tshared = group\n"));
  EXPECT_NO_THROW(open_at_tree(disk));
  ASSERT_EQ(disk.set_mode_at(AT_FDCWD, "/tree/.metamori", 0777), 0);
  EXPECT_EQ(error_of([&] { open_at_tree(disk); }), ErrorKind::refused);  // anybody may have written what it says
  disk.configure([](SimOptions& o) { o.identity.uid = 1234; });
  EXPECT_NO_THROW(open_at_tree(disk));
}

TEST(Open, DamageAndNewerFormatsAreTold) {
  SimSystem disk;
  disk.make_directories(kTree);
  init_engine(disk, at_tree());
  const Bytes good = disk.read_file("/tree/.metamori/format");
  disk.write_file("/tree/.metamori/format", std::string_view("metamori-repository 2\n"));
  EXPECT_EQ(error_of([&] { open_at_tree(disk); }), ErrorKind::unsupported);
  disk.write_file("/tree/.metamori/format", std::string_view("rubbish"));
  EXPECT_EQ(error_of([&] { open_at_tree(disk); }), ErrorKind::corrupt);
  disk.write_file("/tree/.metamori/format", ByteView(good));
  disk.remove_tree("/tree/.metamori/packs");
  EXPECT_EQ(error_of([&] { open_at_tree(disk); }), ErrorKind::corrupt);
  disk.make_directories("/tree/.metamori/packs");
  for (const char* name : {"tmp", "cache", "trash", "locks", "restore"}) disk.remove_tree(std::string("/tree/.metamori/") + name);
  EXPECT_TRUE(open_at_tree(disk)->dirs.tmp.is_open());  // nothing can have been lost there
  disk.remove_tree("/tree/.metamori");
  ASSERT_EQ(disk.make_symlink("/elsewhere", AT_FDCWD, "/tree/.metamori"), 0);
  EXPECT_EQ(error_of([&] { open_at_tree(disk); }), ErrorKind::refused);
}

TEST(Open, P14AReadOnlyRepositoryNeedsNoTransientDirectories) {
  SimSystem disk;
  disk.make_directories(kTree);
  init_engine(disk, at_tree());
  for (const char* name : {"tmp", "cache", "trash", "locks", "restore", "refs"}) disk.remove_tree(std::string("/tree/.metamori/") + name);
  disk.configure([](SimOptions& o) { o.read_only = true; });
  auto engine = open_at_tree(disk);
  EXPECT_TRUE(engine->read_only);
  EXPECT_FALSE(engine->dirs.tmp.is_open());
  EXPECT_FALSE(restore_is_pending(*engine));
}

/// None, or a whole one; then init works or says that there is one.
void check_after(SimSystem& disk, const InitOptions& options, const std::string& what) {
  SCOPED_TRACE(what);
  if (disk.exists("/tree/.metamori")) {
    ASSERT_NO_THROW(checkpoint(disk));
    return;
  }
  ASSERT_NO_THROW(init_engine(disk, options));
  ASSERT_NO_THROW(checkpoint(disk));
}

class InitKinds : public testing::TestWithParam<bool> {
 protected:
  [[nodiscard]] InitOptions options() const { return GetParam() ? elsewhere() : at_tree(); }
};

TEST_P(InitKinds, P2EveryPowerCutLeavesNoneOrAWholeOne) {
  SimSystem disk;
  disk.make_directories(kTree);
  disk.make_durable();
  init_engine(disk, options());
  std::uint64_t states = 0;
  for (std::size_t events = 0; events <= disk.event_count(); ++events)
    for (const CrashVariant& variant : crash_variants(2 * test_scale())) {
      const auto state = disk.crash_state(events, variant);
      ASSERT_TRUE(events < disk.event_count() || state->exists("/tree/.metamori"))
          << "an acknowledged repository is lost: " << to_string(variant);
      check_after(*state, options(), "after " + std::to_string(events) + ", " + to_string(variant));
      if (HasFatalFailure()) return;
      ++states;
    }
  print_count("T1.init.states", states);
}

TEST_P(InitKinds, P5EveryFailingCallIsToldAndLeavesNoLitter) {
  SimSystem start;
  start.make_directories(kTree);
  std::uint64_t calls = 0;
  {
    const auto disk = start.copy();
    FaultSystem counter(*disk);
    init_engine(counter, options());
    calls = counter.count_all();
  }
  for (std::uint64_t n = 1; n <= calls; ++n)
    for (const int error : {EIO, ENOSPC, EINTR}) {
      const auto disk = start.copy();
      FaultSystem faulty(*disk);
      faulty.set_fault({.matches = FaultSystem::any, .at = n, .error = error});
      const std::string what = "call " + std::to_string(n) + ", error " + std::to_string(error);
      bool failed = false;
      try {
        init_engine(faulty, options());
      } catch (const Error& thrown) {
        failed = true;
        EXPECT_TRUE(thrown.kind() == ErrorKind::io || thrown.kind() == ErrorKind::no_space || thrown.kind() == ErrorKind::unsupported ||
                    thrown.kind() == ErrorKind::no_repository || thrown.kind() == ErrorKind::refused)
            << what << ": " << thrown.what();
      }
      EXPECT_EQ(disk->open_count(), 0U) << what;
      EXPECT_TRUE(failed || disk->exists("/tree/.metamori")) << what;
      EXPECT_FALSE(failed && error == EINTR) << what;
      check_after(*disk, options(), what);
      if (HasFatalFailure()) return;
    }
  print_count("T2.init.faults", 3 * calls);
}

INSTANTIATE_TEST_SUITE_P(Places, InitKinds, testing::Values(false, true),
                         [](const auto& kind) { return kind.param ? "Elsewhere" : "InTree"; });

}  // namespace
}  // namespace metamori::test
