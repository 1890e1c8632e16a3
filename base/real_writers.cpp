// Whether somebody has a file open for writing: the kernel grants a read lease only if nobody has.

#include <fcntl.h>
#include <linux/magic.h>
#include <pthread.h>
#include <signal.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>

#include "base/real_system.hpp"
#include "base/worker_thread.hpp"

namespace metamori {
namespace {

constexpr std::uint64_t kXfs = 0x58465342;
constexpr std::uint64_t kBcachefs = 0xca451a4e;
constexpr std::uint64_t kZfs = 0x2fc12fc1;
/// Where every writer is known to this kernel. NFS, for one, refuses leases for want of a delegation, which looks like a writer.
constexpr std::array<std::uint64_t, 8> kLocalFileSystems{
    EXT4_SUPER_MAGIC, kXfs, BTRFS_SUPER_MAGIC, TMPFS_MAGIC, F2FS_SUPER_MAGIC, OVERLAYFS_SUPER_MAGIC, kBcachefs, kZfs};

int lease_signal() noexcept { return SIGRTMAX - 1; }

/// While it lives, the signal that tells the holder of a lease to give it up can't reach anything that would end the process: it is blocked
/// in this thread, and is sent to no other.
class LeaseSignal {
 public:
  LeaseSignal() noexcept {
    sigemptyset(&blocked_);
    sigaddset(&blocked_, lease_signal());
    sigaddset(&blocked_, SIGIO);  // what the kernel sends when the queue of real-time signals is full
    sigpending(&pending_before_);
    pthread_sigmask(SIG_BLOCK, &blocked_, &mask_before_);
  }
  LeaseSignal(const LeaseSignal&) = delete;
  LeaseSignal& operator=(const LeaseSignal&) = delete;
  ~LeaseSignal() {
    constexpr timespec kNoWait{};
    if (sigismember(&pending_before_, SIGIO) != 0) sigdelset(&blocked_, SIGIO);  // not ours to take away
    while (sigtimedwait(&blocked_, nullptr, &kNoWait) > 0) continue;
    pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
  }

 private:
  sigset_t blocked_;
  sigset_t pending_before_;
  sigset_t mask_before_;
};

/// 0 if leases on `fd` tell something, otherwise -errno.
int check_leases_tell(int fd) noexcept {
  struct statfs info {};
  if (::fstatfs(fd, &info) != 0) return -errno;
  if ((static_cast<unsigned long>(info.f_flags) & ST_RDONLY) != 0) return -EROFS;
  const std::uint64_t type = static_cast<std::uint64_t>(info.f_type) & 0xffffffff;
  return std::find(kLocalFileSystems.begin(), kLocalFileSystems.end(), type) != kLocalFileSystems.end() ? 0 : -EOPNOTSUPP;
}

}  // namespace

int RealSystem::probe_writers(int fd) {
  if (const int error = check_leases_tell(fd); error < 0) return error;
  // In a thread of ours the signal never reaches anything, and is forgotten when the thread ends.
  std::optional<LeaseSignal> signal;
  if (!is_worker_thread()) signal.emplace();
  const f_owner_ex owner{F_OWNER_TID, ::gettid()};
  if (::fcntl(fd, F_SETOWN_EX, &owner) != 0 || ::fcntl(fd, F_SETSIG, lease_signal()) != 0) return -errno;
  const int leased = ::fcntl(fd, F_SETLEASE, F_RDLCK) == 0 ? 0 : -errno;
  if (leased == 0 && ::fcntl(fd, F_SETLEASE, F_UNLCK) != 0) return -errno;
  return leased == -EAGAIN ? 1 : leased;
}

}  // namespace metamori
