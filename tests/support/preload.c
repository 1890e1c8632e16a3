// System calls that do not do what they say, for the real program: LD_PRELOAD, and METAMORI_PRELOAD names what is wrong, by commas.
//   no-directory-sync, no-file-sync, no-file-system-sync   say that it is done, and do nothing: mutants that a test must catch
//   no-locks, lying-locks          flock says ENOLCK; or gives every lock to everybody, as some network file systems do
//   no-noreplace                   the file system does not know RENAME_NOREPLACE
//   link-answers-lost              link does it, then says EEXIST: its answer was lost, and the client asked again
//   rename-answers-lost            so does a rename that may not replace
//   no-links                       the file system has no hard links
//   as-nfs                         the file system says that it is NFS
//   stop-before-publishing         the process stops (SIGSTOP) before it publishes a record
//   days-later, days-earlier       the clock is two days off
//   quota                          once the file that METAMORI_PRELOAD_QUOTA names is there, nothing more may be written: EDQUOT
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <time.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int is_on(const char* what) {
  const char* found = getenv("METAMORI_PRELOAD");
  const size_t length = strlen(what);
  for (; found && *found; found = strchr(found, ',') ? strchr(found, ',') + 1 : NULL)
    if (strncmp(found, what, length) == 0 && (found[length] == ',' || found[length] == 0)) return 1;
  return 0;
}

static int fail(int error) {
  errno = error;
  return -1;
}

static int is_full(void) {
  const char* mark = getenv("METAMORI_PRELOAD_QUOTA");
  return mark && is_on("quota") && access(mark, F_OK) == 0;
}

int fsync(int fd) {
  struct stat info;
  const int known = fstat(fd, &info) == 0;
  if (known && S_ISDIR(info.st_mode) && is_on("no-directory-sync")) return 0;
  if (known && S_ISREG(info.st_mode) && is_on("no-file-sync")) return 0;
  return REAL(fsync)(fd);
}

int syncfs(int fd) { return is_on("no-file-system-sync") ? 0 : REAL(syncfs)(fd); }

int flock(int fd, int operation) {
  if (is_on("no-locks")) return fail(ENOLCK);
  return is_on("lying-locks") ? 0 : REAL(flock)(fd, operation);
}

int fstatfs(int fd, struct statfs* info) {
  const int result = REAL(fstatfs)(fd, info);
  if (result == 0 && is_on("as-nfs")) info->f_type = 0x6969;
  return result;
}

int fstatfs64(int fd, struct statfs64* info) {
  const int result = REAL(fstatfs64)(fd, info);
  if (result == 0 && is_on("as-nfs")) info->f_type = 0x6969;
  return result;
}

static int is_record(const char* name) { return name[0] != 0 && name[strspn(name, "0123456789")] == 0; }

int linkat(int from_dir, const char* from, int to_dir, const char* to, int flags) {
  if (is_on("no-links")) return fail(EPERM);
  if (is_record(to) && is_on("stop-before-publishing")) kill(getpid(), SIGSTOP);
  const int result = REAL(linkat)(from_dir, from, to_dir, to, flags);
  return result == 0 && is_on("link-answers-lost") ? fail(EEXIST) : result;
}

int clock_gettime(clockid_t clock, struct timespec* time) {
  const int result = REAL(clock_gettime)(clock, time);
  if (result == 0 && clock == CLOCK_REALTIME) time->tv_sec += is_on("days-later") ? 172800 : is_on("days-earlier") ? -172800 : 0;
  return result;
}

int renameat2(int from_dir, const char* from, int to_dir, const char* to, unsigned flags) {
  if ((flags & RENAME_NOREPLACE) && is_on("no-noreplace")) return fail(EINVAL);
  if (is_record(to) && is_on("stop-before-publishing")) kill(getpid(), SIGSTOP);
  const int result = REAL(renameat2)(from_dir, from, to_dir, to, flags);
  return result == 0 && (flags & RENAME_NOREPLACE) && is_on("rename-answers-lost") ? fail(EEXIST) : result;
}

ssize_t pwrite(int fd, const void* bytes, size_t size, off_t offset) { return is_full() ? fail(EDQUOT) : REAL(pwrite)(fd, bytes, size, offset); }
ssize_t pwrite64(int fd, const void* bytes, size_t size, off64_t offset) {
  return is_full() ? fail(EDQUOT) : REAL(pwrite64)(fd, bytes, size, offset);
}
int mkdirat(int dir, const char* name, mode_t mode) { return is_full() ? fail(EDQUOT) : REAL(mkdirat)(dir, name, mode); }

static int open_as(__typeof__(&openat) real, int dir, const char* name, int flags, va_list arguments) {
  const int has_mode = (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE;
  const mode_t mode = has_mode ? va_arg(arguments, mode_t) : 0;
  if ((flags & O_CREAT) && is_full() && faccessat(dir, name, F_OK, 0) != 0) return fail(EDQUOT);
  return real(dir, name, flags, mode);
}

int openat(int dir, const char* name, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const int result = open_as(REAL(openat), dir, name, flags, arguments);
  va_end(arguments);
  return result;
}

int openat64(int dir, const char* name, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const int result = open_as(REAL(openat64), dir, name, flags, arguments);
  va_end(arguments);
  return result;
}
