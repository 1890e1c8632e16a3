// The real system against a real file system. Most calls are compared with the simulation in sim_model.cpp; here is the rest.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <thread>

#include "base/bytes.hpp"
#include "base/files.hpp"
#include "base/real_mappings.hpp"
#include "base/real_system.hpp"
#include "base/worker_pool.hpp"
#include "tests/support/rapidcheck_gtest.hpp"
#include "tests/support/temp_dir.hpp"

namespace metamori {
namespace {

class RealSystemTest : public ::testing::Test {
 protected:
  RealSystemTest() : dir(open_directory(system, AT_FDCWD, top.str().c_str(), top.str())) {}
  Fd make(const char* name, std::string_view content = "content") {
    Fd file = open_file(system, dir.get(), name, O_RDWR | O_CREAT, 0644, name);
    write_all(system, file.get(), as_bytes(content), 0, name);
    return file;
  }
  FileStat stat_at(const char* name) { return find_stat(system, dir.get(), name, name).value(); }

  test::TempDir top;
  System& system = real_system();
  Fd dir;
};

TEST_F(RealSystemTest, StatTellsWhatTheKernelTells) {
  make("file").close("file");
  struct stat wanted {};
  ASSERT_EQ(::lstat((top / "file").c_str(), &wanted), 0);
  const FileStat found = stat_at("file");
  EXPECT_EQ(found.inode, wanted.st_ino);
  EXPECT_EQ(found.mode, wanted.st_mode);
  EXPECT_EQ(found.link_count, wanted.st_nlink);
  EXPECT_EQ(found.size_bytes, 7U);
  EXPECT_EQ(found.allocated_bytes, static_cast<std::uint64_t>(wanted.st_blocks) * 512);
  EXPECT_EQ(found.mtime, (Time{wanted.st_mtim.tv_sec, static_cast<std::uint32_t>(wanted.st_mtim.tv_nsec)}));
  EXPECT_EQ(found.ctime, (Time{wanted.st_ctim.tv_sec, static_cast<std::uint32_t>(wanted.st_ctim.tv_nsec)}));
}

TEST_F(RealSystemTest, DescriptorsAreClosedOnExec) {
  const Fd file = make("file");
  EXPECT_NE(::fcntl(file.get(), F_GETFD) & FD_CLOEXEC, 0);
  const Fd beneath(system, system.open_beneath(dir.get(), "file", O_RDONLY, 0));
  EXPECT_NE(::fcntl(beneath.get(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST_F(RealSystemTest, OpenByComponentsAgreesWithOpenat2) {
  ASSERT_EQ(system.make_directory(dir.get(), "d", 0755), 0);
  ASSERT_EQ(system.make_directory(dir.get(), "d/e", 0755), 0);
  make("d/file").close("file");
  ASSERT_EQ(system.make_symlink("d", dir.get(), "to-directory"), 0);
  ASSERT_EQ(system.make_symlink("d/file", dir.get(), "to-file"), 0);
  ASSERT_EQ(system.make_symlink("/etc", dir.get(), "outside"), 0);
  const std::array paths{
      "d",           "d/file", "d/e/",   "d//e",      "./d/./file", "to-directory", "to-directory/file", "to-file",       "outside/passwd",
      "/etc/passwd", "..",     "../x",   "none",      "none/file",  "d/file/x",     "d/file/",           "to-directory/", ".",
      "d/.",         "",       "d/new1", "d/e/../..", "to-file/x",  "to-file/"};
  const std::array flags{O_RDONLY, O_RDONLY | O_NOFOLLOW,    O_RDONLY | O_DIRECTORY,
                         O_PATH,   O_PATH | O_NOFOLLOW,      O_RDONLY | O_DIRECTORY | O_NOFOLLOW,
                         O_RDWR,   O_RDWR | O_CREAT | O_EXCL};
  for (const std::string path : paths)
    for (const int flag : flags) {
      if (path.find("..") != std::string::npos && path != ".." && path != "../x")
        continue;  // inside, `..` is refused only where it must be
      const int first = system.open_beneath(dir.get(), path.c_str(), flag, 0644);
      if ((flag & O_CREAT) != 0 && first >= 0) system.remove_file(dir.get(), path.c_str());
      const int second = open_beneath_by_components(dir.get(), path, flag, 0644);
      if ((flag & O_CREAT) != 0 && second >= 0) system.remove_file(dir.get(), path.c_str());
      EXPECT_EQ(std::min(first, 0), std::min(second, 0)) << path << " with flags " << flag;
      for (const int fd : {first, second})
        if (fd >= 0) system.close(fd);
    }
}

TEST_F(RealSystemTest, NothingOutsideIsOpenedBeneath) {
  ASSERT_EQ(system.make_symlink("/etc", dir.get(), "outside"), 0);
  ASSERT_EQ(system.make_directory(dir.get(), "d", 0755), 0);
  for (const char* path : {"outside/passwd", "/etc/passwd", "../../../../etc/passwd", "d/../../x"}) {
    EXPECT_LT(system.open_beneath(dir.get(), path, O_RDONLY, 0), 0) << path;
    EXPECT_LT(open_beneath_by_components(dir.get(), path, O_RDONLY, 0), 0) << path;
  }
}

TEST_F(RealSystemTest, AttributesOfPathDescriptors) {
  make("file").close("file");
  const Fd path(system, system.open_at(dir.get(), "file", O_PATH | O_NOFOLLOW, 0));
  ASSERT_TRUE(path.is_open());
  EXPECT_EQ(system.set_mode(path.get(), 0751), 0);
  EXPECT_EQ(stat_at("file").mode & 07777, 0751U);
  EXPECT_EQ(system.set_mtime(path.get(), {-1, 5}), 0);
  EXPECT_EQ(stat_at("file").mtime, (Time{-1, 5}));
  EXPECT_EQ(system.set_owner(path.get(), ::geteuid(), ::getegid()), 0);
  const int set = system.set_attribute(path.get(), "", "user.test", as_bytes("value"));
  if (set == -EOPNOTSUPP) GTEST_SKIP() << "no extended attributes here";
  ASSERT_EQ(set, 0);
  std::array<std::byte, 20> buffer;
  EXPECT_EQ(system.get_attribute(path.get(), "", "user.test", {}), 5);
  EXPECT_EQ(system.get_attribute(path.get(), "", "user.test", buffer), 5);
  EXPECT_EQ(as_text(std::span(buffer).first(5)), "value");
  EXPECT_EQ(system.get_attribute(path.get(), "", "user.test", std::span(buffer).first(2)), -ERANGE);
  EXPECT_GE(system.list_attributes(path.get(), "", {}), 10);
  EXPECT_EQ(system.get_attribute(dir.get(), "file", "user.test", buffer), 5);
  EXPECT_EQ(system.remove_attribute(path.get(), "", "user.test"), 0);
  EXPECT_EQ(system.remove_attribute(dir.get(), "file", "user.test"), -ENODATA);
}

TEST_F(RealSystemTest, ClosedDescriptorsAreRefused) {
  EXPECT_EQ(system.set_mode(9999, 0600), -EBADF);
  EXPECT_EQ(system.set_mtime(9999, {}), -EBADF);
  EXPECT_EQ(system.set_attribute(9999, "", "user.test", {}), -EBADF);
  EXPECT_EQ(system.close(9999), -EBADF);
}

TEST_F(RealSystemTest, SymbolicLinksAreNeverFollowed) {
  make("file").close("file");
  ASSERT_EQ(system.make_symlink("file", dir.get(), "link"), 0);
  const FileStat before = stat_at("file");
  EXPECT_EQ(system.set_mode_at(dir.get(), "link", 0600), -EOPNOTSUPP);
  EXPECT_EQ(system.set_mtime_at(dir.get(), "link", {5, 0}), 0);
  EXPECT_EQ(stat_at("link").mtime, (Time{5, 0}));
  EXPECT_EQ(stat_at("file"), before);
  EXPECT_LT(system.set_attribute(dir.get(), "link", "user.test", as_bytes("x")), 0);
  std::array<std::byte, 10> buffer;
  EXPECT_EQ(system.read_symlink(dir.get(), "link", buffer), 4);
}

TEST_F(RealSystemTest, SetMtimeLeavesAtimeAlone) {
  make("file").close("file");
  struct stat before {};
  struct stat after {};
  ASSERT_EQ(::lstat((top / "file").c_str(), &before), 0);
  ASSERT_EQ(system.set_mtime_at(dir.get(), "file", {1, 1}), 0);
  ASSERT_EQ(::lstat((top / "file").c_str(), &after), 0);
  EXPECT_EQ(before.st_atim.tv_sec, after.st_atim.tv_sec);
  EXPECT_EQ(before.st_atim.tv_nsec, after.st_atim.tv_nsec);
  EXPECT_EQ(after.st_mtim.tv_sec, 1);
}

TEST_F(RealSystemTest, FilesAreMapped) {
  const Fd file = make("file");
  const Mapping mapping(system, file.get(), 7, "file");
  EXPECT_EQ(as_text(mapping.bytes()), "content");
  EXPECT_THROW(Mapping(system, dir.get(), 7, "dir"), Error);
}

constexpr std::size_t kPageMax = 65536;

TEST_F(RealSystemTest, PagesThatCanNotBeReadAreZerosOnceThatIsAskedFor) {
  const Fd file = make("file", std::string(3 * kPageMax, 'x'));
  const Mapping mapping(system, file.get(), 3 * kPageMax, "file");
  ASSERT_EQ(system.truncate(file.get(), kPageMax), 0);  // to the kernel that is a read error like others
  replace_unreadable_pages();
  const std::uint64_t before = unreadable_page_count();
  EXPECT_EQ(mapping.bytes()[0], std::byte{'x'});
  EXPECT_EQ(unreadable_page_count(), before);
  EXPECT_EQ(mapping.bytes()[2 * kPageMax], std::byte{0});
  EXPECT_EQ(mapping.bytes()[3 * kPageMax - 1], std::byte{0});
  EXPECT_GT(unreadable_page_count(), before);
}

TEST_F(RealSystemTest, ReadErrorsOfOthersMappingsEndTheProcess) {
  const Fd file = make("file", std::string(3 * kPageMax, 'x'));
  void* const mapped = ::mmap(nullptr, 3 * kPageMax, PROT_READ, MAP_PRIVATE, file.get(), 0);
  ASSERT_NE(mapped, MAP_FAILED);
  ASSERT_EQ(system.truncate(file.get(), kPageMax), 0);
  EXPECT_EXIT(
      {
        replace_unreadable_pages();
        std::exit(static_cast<volatile const char*>(mapped)[2 * kPageMax]);
      },
      [](int status) { return status != 0; }, "");
  ::munmap(mapped, 3 * kPageMax);
}

TEST_F(RealSystemTest, HolesAreFoundAndPunched) {
  const Fd file = make("file", std::string(20000, 'x'));
  const int punched = system.punch_hole(file.get(), 4096, 8192);
  if (punched == -EOPNOTSUPP) GTEST_SKIP() << "no holes here";
  ASSERT_EQ(punched, 0);
  EXPECT_EQ(system.seek_hole(file.get(), 0), 4096);
  EXPECT_EQ(system.seek_data(file.get(), 4096), 12288);
  EXPECT_EQ(system.seek_data(file.get(), 20000), -ENXIO);
  EXPECT_EQ(stat_at("file").size_bytes, 20000U);
}

TEST_F(RealSystemTest, ReadPastTheEndAndHugeOffsets) {
  const Fd file = make("file");
  std::array<std::byte, 4> buffer;
  EXPECT_EQ(system.read_at(file.get(), buffer, 7), 0);
  EXPECT_EQ(system.read_at(file.get(), buffer, ~std::uint64_t{0}), -EINVAL);
  EXPECT_EQ(system.write_at(file.get(), buffer, ~std::uint64_t{0}), -EINVAL);
}

TEST_F(RealSystemTest, LocksConflictAndNeverWait) {
  const Fd one = make("lock");
  const Fd two = open_file(system, dir.get(), "lock", O_RDONLY, 0, "lock");
  EXPECT_EQ(system.lock(one.get(), LockMode::exclusive), 0);
  EXPECT_EQ(system.lock(two.get(), LockMode::shared), -EWOULDBLOCK);
  EXPECT_EQ(system.lock(one.get(), LockMode::unlock), 0);
  EXPECT_EQ(system.lock(two.get(), LockMode::shared), 0);
}

TEST_F(RealSystemTest, DurabilityCallsWorkOnFilesAndDirectories) {
  const Fd file = make("file");
  EXPECT_EQ(system.sync(file.get()), 0);
  EXPECT_EQ(system.sync(dir.get()), 0);
  EXPECT_EQ(system.clean_pages(file.get()), 0);
  EXPECT_EQ(system.start_writeback(file.get(), 0, 4096), 0);
  EXPECT_EQ(system.drop_cache(file.get()), 0);
  EXPECT_EQ(system.drop_cache(9999), -EBADF);
}

TEST_F(RealSystemTest, AStoreThroughASharedMappingMovesCtimeAfterCleanPages) {
  const Fd file = make("file", std::string(4096, 'x'));
  void* const address = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  ASSERT_NE(address, MAP_FAILED);
  static_cast<volatile char*>(address)[0] = 'a';
  FileSystemInfo info;
  ASSERT_EQ(system.file_system_info(file.get(), info), 0);
  ASSERT_EQ(system.clean_pages(file.get()), 0);
  const FileStat before = stat_at("file");
  system.sleep_ns(20'000'000);
  static_cast<volatile char*>(address)[0] = 'b';
  const FileStat after = stat_at("file");
  ::munmap(address, 4096);
  constexpr std::uint64_t kExt4 = 0xef53;
  if (info.type == kExt4) {
    EXPECT_LT(before.ctime, after.ctime);
  }
}

TEST_F(RealSystemTest, FileSystemsTellTheirSize) {
  FileSystemInfo info;
  ASSERT_EQ(system.file_system_info(dir.get(), info), 0);
  EXPECT_GT(info.total_bytes, 0U);
  EXPECT_LE(info.available_bytes, info.total_bytes);
  EXPECT_GT(info.available_inodes, 0U);
  EXPECT_FALSE(info.read_only);
  EXPECT_NE(info.type, 0U);
}

/// Skips the running test where leases can't be had.
#define SKIP_WITHOUT_LEASES(answer) \
  if ((answer) < 0) GTEST_SKIP() << "no leases here: " << (answer)

TEST_F(RealSystemTest, AWriterIsSeen) {
  Fd writer = make("file");
  const Fd file = open_file(system, dir.get(), "file", O_RDONLY, 0, "file");
  SKIP_WITHOUT_LEASES(system.probe_writers(file.get()));
  EXPECT_EQ(system.probe_writers(file.get()), 1);
  writer.close("file");
  EXPECT_EQ(system.probe_writers(file.get()), 0);
}

TEST_F(RealSystemTest, AWritableMappingIsAWriter) {
  Fd writer = make("file", std::string(4096, 'x'));
  const Fd file = open_file(system, dir.get(), "file", O_RDONLY, 0, "file");
  SKIP_WITHOUT_LEASES(system.probe_writers(file.get()));
  void* const address = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, writer.get(), 0);
  ASSERT_NE(address, MAP_FAILED);
  writer.close("file");
  EXPECT_EQ(system.probe_writers(file.get()), 1);
  ::munmap(address, 4096);
  EXPECT_EQ(system.probe_writers(file.get()), 0);
}

TEST_F(RealSystemTest, LeasesTellNothingAboutOtherThings) {
  EXPECT_LT(system.probe_writers(dir.get()), 0);
  const Fd proc(system, system.open_at(AT_FDCWD, "/proc/self/status", O_RDONLY, 0));
  EXPECT_LT(system.probe_writers(proc.get()), 0);
}

/// Opens a file for writing again and again, until it is told to stop or ends.
class Opener {
 public:
  Opener(System& system, int dir, const char* name)
      : thread_([this, &system, dir, name] {
          while (!stop_.load()) {
            const int fd = system.open_at(dir, name, O_WRONLY | O_NONBLOCK, 0);
            if (fd >= 0) system.close(fd);
          }
        }) {}
  Opener(const Opener&) = delete;
  Opener& operator=(const Opener&) = delete;
  ~Opener() { stop(); }
  void stop() {
    stop_.store(true);
    if (thread_.joinable()) thread_.join();
  }

 private:
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

TEST_F(RealSystemTest, ProbingSurvivesAWriterThatOpensMeanwhileAndLeavesNoSignal) {
  make("file").close("file");
  const Fd file = open_file(system, dir.get(), "file", O_RDONLY, 0, "file");
  SKIP_WITHOUT_LEASES(system.probe_writers(file.get()));
  sigset_t mask_before;
  pthread_sigmask(SIG_SETMASK, nullptr, &mask_before);
  Opener opener(system, dir.get(), "file");
  for (int i = 0; i < 30'000 * test::test_scale(); ++i) EXPECT_GE(system.probe_writers(file.get()), 0);
  opener.stop();
  sigset_t pending;
  sigpending(&pending);
  sigset_t mask_after;
  pthread_sigmask(SIG_SETMASK, nullptr, &mask_after);
  for (int number = 1; number <= SIGRTMAX; ++number) {
    if (number == 32 || number == 33) continue;  // the C library's own
    EXPECT_NE(sigismember(&pending, number), 1) << number;
    EXPECT_EQ(sigismember(&mask_before, number), sigismember(&mask_after, number)) << number;
  }
}

TEST_F(RealSystemTest, ProbingInWorkersSurvivesAWriterThatOpensMeanwhile) {
  make("file").close("file");
  const Fd file = open_file(system, dir.get(), "file", O_RDONLY, 0, "file");
  SKIP_WITHOUT_LEASES(system.probe_writers(file.get()));
  Opener opener(system, dir.get(), "file");
  WorkerPool pool(3);
  for (int task = 0; task < 100; ++task)
    pool.submit([&] {
      const Fd own = open_file(system, dir.get(), "file", O_RDONLY, 0, "file");
      for (int i = 0; i < 200 * test::test_scale(); ++i) EXPECT_GE(system.probe_writers(own.get()), 0);
    });
  pool.wait();
}

TEST_F(RealSystemTest, TheMachineTellsWhoItIs) {
  const Identity who = system.identity();
  EXPECT_FALSE(who.host.empty());
  EXPECT_EQ(who.boot_id.size(), 36U);
  EXPECT_EQ(who.pid, static_cast<std::uint32_t>(::getpid()));
  EXPECT_EQ(who.uid, ::geteuid());
  EXPECT_EQ(system.user_name(0), "root");
  EXPECT_EQ(system.group_name(0), "root");
  EXPECT_EQ(system.user_name(3'999'999'999), "");
  EXPECT_EQ(system.user_name(0), "root");
}

TEST_F(RealSystemTest, TimeGoesOn) {
  const Time now = system.now();
  EXPECT_GT(now.seconds, 1'600'000'000);
  EXPECT_LT(now.nanoseconds, 1'000'000'000U);
  const std::int64_t begin = system.monotonic_ns();
  system.sleep_ns(2'000'000);
  EXPECT_GE(system.monotonic_ns() - begin, 2'000'000);
}

TEST_F(RealSystemTest, RandomBytesDiffer) {
  std::array<std::byte, 32> one{};
  std::array<std::byte, 32> two{};
  system.random(one);
  system.random(two);
  EXPECT_NE(one, two);
  system.random({});
}

TEST_F(RealSystemTest, PublishingNeverReplaces) {
  make("tmp").close("tmp");
  make("other", "other").close("other");
  EXPECT_TRUE(publish_no_replace(system, dir.get(), "tmp", dir.get(), "name", "name"));
  EXPECT_FALSE(publish_no_replace(system, dir.get(), "other", dir.get(), "name", "name"));
  const Fd file = open_file(system, dir.get(), "name", O_RDONLY, 0, "name");
  EXPECT_EQ(as_text(read_whole(system, file.get(), 100, "name")), "content");
}

}  // namespace
}  // namespace metamori
