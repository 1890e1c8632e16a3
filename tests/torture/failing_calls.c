/* Preloaded, makes the calls of one kind fail from the n-th on, as those of a disk do that has gone: FAILING=read|write|sync, FAILING_FROM=n,
   FAILING_WITH=errno.
   Standard streams are left alone. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

static int fails(const char* kind, int fd) {
  static int calls = 0;
  const char* const wanted = getenv("FAILING");
  const char* const from = getenv("FAILING_FROM");
  const char* const with = getenv("FAILING_WITH");
  if (wanted == NULL || fd <= 2 || strcmp(wanted, kind) != 0) return 0;
  if (__atomic_add_fetch(&calls, 1, __ATOMIC_SEQ_CST) < (from == NULL ? 1 : atoi(from))) return 0;
  errno = with == NULL ? EIO : atoi(with);
  return 1;
}

#define REAL(result, name, ...) result (*real)(__VA_ARGS__) = (result(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

ssize_t pread64(int fd, void* buffer, size_t size, off64_t offset) {
  REAL(ssize_t, "pread64", int, void*, size_t, off64_t);
  return fails("read", fd) ? -1 : real(fd, buffer, size, offset);
}
ssize_t pread(int fd, void* buffer, size_t size, off_t offset) { return pread64(fd, buffer, size, offset); }
ssize_t pwrite64(int fd, const void* buffer, size_t size, off64_t offset) {
  REAL(ssize_t, "pwrite64", int, const void*, size_t, off64_t);
  return fails("write", fd) ? -1 : real(fd, buffer, size, offset);
}
ssize_t pwrite(int fd, const void* buffer, size_t size, off_t offset) { return pwrite64(fd, buffer, size, offset); }
int fsync(int fd) {
  REAL(int, "fsync", int);
  return fails("sync", fd) ? -1 : real(fd);
}
int fdatasync(int fd) {
  REAL(int, "fdatasync", int);
  return fails("sync", fd) ? -1 : real(fd);
}
int syncfs(int fd) {
  REAL(int, "syncfs", int);
  return fails("sync", fd) ? -1 : real(fd);
}
