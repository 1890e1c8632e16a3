#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>

#include "base/bytes.hpp"
#include "base/files.hpp"
#include "tests/support/fault_system.hpp"
#include "tests/support/sim_system.hpp"

namespace metamori {
namespace {

using test::Call;
using test::crash_variants;
using test::CrashVariant;
using test::FaultAction;
using test::FaultSystem;
using test::SimOptions;
using test::SimSystem;

/// A disk with a directory for temporary files, holding one, and one for published files.
class Publish : public ::testing::Test {
 protected:
  explicit Publish(SimOptions options = {}) : disk(std::move(options)), system(disk) {
    disk.write_file("/tmp/one", "one");
    disk.make_directories("/names");
    tmp = open_directory(disk, AT_FDCWD, "/tmp", "/tmp");
    names = open_directory(disk, AT_FDCWD, "/names", "/names");
    disk.make_durable();
  }
  bool publish(const std::string& from = "one") { return publish_no_replace(system, tmp.get(), from, names.get(), "name", "/names/name"); }
  [[nodiscard]] std::string published() const {
    return disk.exists("/names/name") ? std::string(as_text(disk.read_file("/names/name"))) : "(missing)";
  }

  SimSystem disk;
  FaultSystem system;
  Fd tmp;
  Fd names;
};

/// The same where rename knows no flags.
class PublishByLink : public Publish {
 protected:
  PublishByLink() : Publish({.rename_no_replace = false}) {}
};

TEST_F(Publish, MakesTheNameAndTakesTheTemporaryAway) {
  EXPECT_TRUE(publish());
  EXPECT_EQ(published(), "one");
  EXPECT_FALSE(disk.exists("/tmp/one"));
}

TEST_F(Publish, NeverReplacesAndLeavesTheTemporary) {
  disk.write_file("/names/name", "earlier");
  EXPECT_FALSE(publish());
  EXPECT_EQ(published(), "earlier");
  EXPECT_TRUE(disk.exists("/tmp/one"));
}

TEST_F(Publish, SaysSoIfItWasDoneBeforeBeingInterrupted) {
  system.set_fault({.matches = FaultSystem::only(Call::rename), .action = FaultAction::fail_after, .error = EINTR});
  EXPECT_TRUE(publish());
  EXPECT_EQ(published(), "one");
}

TEST_F(Publish, ThrowsWhatElseGoesWrong) {
  system.set_fault({.matches = FaultSystem::only(Call::rename), .error = EIO});
  EXPECT_THROW(publish(), Error);
  EXPECT_EQ(published(), "(missing)");
  EXPECT_THROW(publish("none"), Error);
}

TEST_F(PublishByLink, MakesTheNameAndTakesTheTemporaryAway) {
  EXPECT_TRUE(publish());
  EXPECT_EQ(published(), "one");
  EXPECT_FALSE(disk.exists("/tmp/one"));
  EXPECT_EQ(disk.tree("/names").at("name").link_count, 1U);
}

TEST_F(PublishByLink, NeverReplacesAndLeavesTheTemporary) {
  disk.write_file("/names/name", "earlier");
  EXPECT_FALSE(publish());
  EXPECT_EQ(published(), "earlier");
  EXPECT_TRUE(disk.exists("/tmp/one"));
}

TEST_F(PublishByLink, BelievesTheInodeAndNotALostAnswer) {
  for (const int error : {EIO, EEXIST, ETIMEDOUT}) {
    disk.write_file("/tmp/one", "one");
    system.set_fault({.matches = FaultSystem::only(Call::link), .action = FaultAction::fail_after, .error = error});
    EXPECT_TRUE(publish()) << error;
    EXPECT_EQ(published(), "one");
    ASSERT_EQ(disk.remove_file(names.get(), "name"), 0);
  }
}

TEST_F(PublishByLink, SaysWhatTheFileSystemLacks) {
  system.set_fault({.matches = FaultSystem::only(Call::link), .error = EPERM});
  try {
    publish();
    ADD_FAILURE() << "published";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unsupported);
  }
}

TEST_F(PublishByLink, ATemporaryThatStaysIsNoFailure) {
  system.set_fault({.matches = FaultSystem::only(Call::remove_file), .error = EIO});
  EXPECT_TRUE(publish());
  EXPECT_EQ(published(), "one");
}

TEST_F(Publish, ReplaceFileIsOldOrNewAtEveryCut) {
  disk.write_file("/names/name", "old");
  disk.make_durable();
  replace_file(disk, tmp.get(), names.get(), "name", as_bytes("new"), "/names/name");
  for (std::size_t k = 0; k <= disk.event_count(); ++k)
    for (const CrashVariant& variant : crash_variants(10)) {
      const auto state = disk.crash_state(k, variant);
      const Bytes content = state->read_file("/names/name");
      EXPECT_TRUE(as_text(content) == "new" || (as_text(content) == "old" && k < disk.event_count())) << k << " " << to_string(variant);
    }
}

TEST_F(Publish, ReplaceFileSetsTheModeWhateverTheUmask) {
  replace_file(disk, tmp.get(), names.get(), "name", as_bytes("new"), "/names/name");
  EXPECT_EQ(disk.tree("/names").at("name").mode, S_IFREG | 0600U);
  disk.configure([](SimOptions& options) { options.umask = 077; });
  replace_file(disk, tmp.get(), names.get(), "name", as_bytes("new"), "/names/name", 0644);
  EXPECT_EQ(disk.tree("/names").at("name").mode, S_IFREG | 0644U);
}

TEST_F(Publish, ASharedDirectorysFilesAreWrittenForTheGroup) {
  ASSERT_EQ(disk.set_mode(tmp.get(), 02770), 0);
  disk.configure([](SimOptions& options) { options.umask = 077; });
  create_temporary(disk, tmp.get(), "shared", O_WRONLY, "/tmp/shared").close("/tmp/shared");
  EXPECT_EQ(disk.tree("/tmp").at("shared").mode, S_IFREG | 0660U);
  EXPECT_THROW(create_temporary(disk, tmp.get(), "shared", O_WRONLY, "/tmp/shared"), Error);
  EXPECT_TRUE(disk.exists("/tmp/shared"));
}

TEST_F(Publish, AFailedCreationLeavesNoLitter) {
  ASSERT_EQ(disk.set_mode(tmp.get(), 02770), 0);
  for (const Call call : {Call::stat, Call::open_at, Call::set_mode}) {
    system.set_fault({.matches = FaultSystem::only(call), .error = EIO});
    EXPECT_THROW(create_temporary(system, tmp.get(), "shared", O_WRONLY, "/tmp/shared"), Error) << to_string(call);
    EXPECT_FALSE(disk.exists("/tmp/shared")) << to_string(call);
  }
}

TEST_F(Publish, ReplaceCacheFileCostsNoSync) {
  replace_cache_file(system, tmp.get(), names.get(), "name", as_bytes("cache"), "/names/name");
  EXPECT_EQ(published(), "cache");
  EXPECT_EQ(system.count(Call::sync), 0U);
}

TEST_F(Publish, AFailedReplaceLeavesNoLitter) {
  for (const Call call : {Call::open_at, Call::write_at, Call::sync, Call::close, Call::rename}) {
    system.set_fault({.matches = FaultSystem::only(call), .error = ENOSPC});
    EXPECT_THROW(replace_file(system, tmp.get(), names.get(), "name", as_bytes("new"), "/names/name"), Error) << to_string(call);
    EXPECT_EQ(disk.tree("/tmp").size(), 1U) << to_string(call);
    EXPECT_EQ(published(), "(missing)") << to_string(call);
  }
}

}  // namespace
}  // namespace metamori
