// Opening files: by name, and beneath a directory without ever following a symbolic link.

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <utility>

#include "base/real_system.hpp"

namespace metamori {
namespace {

constexpr std::uint32_t kModeBits = 07777;
constexpr int kPathFlags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;  // openat ignores others beside O_PATH, openat2 refuses them
constexpr int kMaxRaceRetries = 64;

/// A raw descriptor of this file's loop; everything above the seam uses `Fd`.
class OwnedDescriptor {
 public:
  explicit OwnedDescriptor(int raw) noexcept : raw_(raw) {}
  OwnedDescriptor(const OwnedDescriptor&) = delete;
  OwnedDescriptor& operator=(const OwnedDescriptor&) = delete;
  ~OwnedDescriptor() { reset(-1); }
  void reset(int raw) noexcept {
    const int saved_errno = errno;
    if (raw_ >= 0) ::close(raw_);
    raw_ = raw;
    errno = saved_errno;
  }
  int release() noexcept { return std::exchange(raw_, -1); }

 private:
  int raw_;
};

bool creates(int flags) noexcept { return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE; }

bool is_symlink(int dir, const char* name) noexcept {
  struct stat info {};
  return ::fstatat(dir, name, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(info.st_mode);
}

/// `trailing_slash`: the name must be a directory's, and O_NOFOLLOW does not count.
int open_last(int dir, const std::string& name, int flags, std::uint32_t mode, bool trailing_slash) {
  if (trailing_slash) flags |= O_DIRECTORY;
  const int fd = ::openat(dir, name.c_str(), flags | O_NOFOLLOW | O_CLOEXEC, mode);
  const bool follows = trailing_slash || (flags & O_NOFOLLOW) == 0;
  if (fd < 0) return errno == ENOTDIR && follows && is_symlink(dir, name.c_str()) ? -ELOOP : -errno;
  if ((flags & O_PATH) == 0 || !follows) return fd;
  // O_PATH together with the O_NOFOLLOW added above opens the link itself, which was not asked for.
  OwnedDescriptor opened(fd);
  struct stat info {};
  if (::fstat(fd, &info) != 0) return -errno;
  return S_ISLNK(info.st_mode) ? -ELOOP : opened.release();
}

}  // namespace

int RealSystem::open_at(int dir, const char* name, int flags, std::uint32_t mode) {
  return or_errno(::openat(dir, name, flags | O_CLOEXEC, mode));
}

int RealSystem::open_beneath(int dir, const char* path, int flags, std::uint32_t mode) {
  if ((flags & O_PATH) != 0) flags &= kPathFlags;
  if (has_openat2_.load(std::memory_order_relaxed)) {
    open_how how{};
    how.flags = static_cast<std::uint64_t>(static_cast<unsigned>(flags | O_CLOEXEC));
    how.mode = creates(flags) ? mode & kModeBits : 0;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    // EAGAIN: the tree changed while `..` was resolved, so that the kernel can't be sure to have stayed inside.
    for (int tries = 0; tries < kMaxRaceRetries; ++tries) {
      const auto fd = ::syscall(SYS_openat2, dir, path, &how, sizeof how);
      if (fd >= 0) return static_cast<int>(fd);
      if (errno == EAGAIN) continue;
      if (errno != ENOSYS && errno != EPERM) return -errno;
      if (errno == ENOSYS) has_openat2_.store(false, std::memory_order_relaxed);
      break;  // EPERM is also what some containers answer for calls they don't know; if it was meant, it comes again below
    }
  }
  return open_beneath_by_components(dir, path, flags, mode);
}

int open_beneath_by_components(int dir, std::string_view path, int flags, std::uint32_t mode) {
  if (path.empty()) return -ENOENT;
  if (path.front() == '/') return -EXDEV;
  OwnedDescriptor owned(-1);
  int current = dir;
  for (;;) {
    const std::size_t slash = path.find('/');
    const std::string component(path.substr(0, slash));
    if (component == "..") return -EXDEV;
    const std::size_t next = slash == std::string_view::npos ? slash : path.find_first_not_of('/', slash);
    const bool trailing_slash = slash != std::string_view::npos && next == std::string_view::npos;
    if (next == std::string_view::npos) {
      if (trailing_slash && creates(flags)) return -EISDIR;
      return open_last(current, component, flags, mode, trailing_slash);
    }
    const int fd = ::openat(current, component.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) return errno == ENOTDIR && is_symlink(current, component.c_str()) ? -ELOOP : -errno;
    owned.reset(fd);
    current = fd;
    path.remove_prefix(next);
  }
}

}  // namespace metamori
