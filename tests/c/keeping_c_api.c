/* Forgetting, pins, gc and copies from C. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "c/check.h"

static void write_state(unsigned seed) {
  FILE* file = fopen("state", "w");
  unsigned i;
  CHECK(file != NULL);
  for (i = 0; i < 50000; ++i) fputc((int)((seed = seed * 1664525U + 1013904223U) >> 24), file);
  CHECK(fclose(file) == 0);
}

static size_t listed(metamori_repository* repository) {
  metamori_error error;
  metamori_log* log = NULL;
  size_t count = 0;
  check_ok(metamori_log_open(repository, "HEAD", 0, &log, &error), &error, "log");
  count = metamori_log_count(log);
  metamori_log_free(log);
  return count;
}

static void copy_checkpoints(metamori_repository* repository) {
  const char* const newest[] = {"latest"};
  metamori_repository* other = NULL;
  metamori_error error;
  metamori_copy_report report = METAMORI_COPY_REPORT_INIT;
  check_ok(metamori_init("other", NULL, &other, &error), &error, "init another");
  check_ok(metamori_copy(repository, other, newest, 1, NULL, &report, &error), &error, "copy one");
  CHECK(report.copied == 1 && report.ancestors == 5 && report.chunks_copied > 0 && report.bytes_added > 50000);
  check_ok(metamori_copy(repository, other, NULL, 0, NULL, &report, &error), &error, "copy all");
  CHECK(report.copied == 2 && report.ancestors == 0);
  check_ok(metamori_copy(repository, other, NULL, 0, NULL, NULL, &error), &error, "copy again");
  CHECK(metamori_copy(repository, repository, NULL, 0, NULL, NULL, &error) == METAMORI_USAGE);
  CHECK(metamori_copy(repository, NULL, NULL, 0, NULL, NULL, &error) == METAMORI_USAGE);
  check_ok(metamori_verify(other, 1, NULL, NULL, &error), &error, "verify the other");
  metamori_close(other);
}

int main(void) {
  char directory[] = "/tmp/metamori-c-keeping-XXXXXX";
  char command[128];
  metamori_repository* repository = NULL;
  metamori_error error;
  metamori_keep_policy policy = METAMORI_KEEP_POLICY_INIT;
  metamori_gc_report report = METAMORI_GC_REPORT_INIT;
  uint64_t forgotten = 99;
  unsigned i;
  CHECK(mkdtemp(directory) != NULL && chdir(directory) == 0);
  check_ok(metamori_init(".", NULL, &repository, &error), &error, "init");
  for (i = 1; i <= 6; ++i) {
    write_state(i);
    check_ok(metamori_checkpoint(repository, NULL, NULL, &error), &error, "checkpoint");
  }
  CHECK(metamori_forget(repository, &policy, NULL, &forgotten, &error) == METAMORI_USAGE);
  CHECK(metamori_forget(NULL, &policy, NULL, NULL, &error) == METAMORI_USAGE);
  check_ok(metamori_pin(repository, "2", 1, &error), &error, "pin");
  CHECK(metamori_forget_one(repository, "2", 1, &error) == METAMORI_REFUSED);
  CHECK(metamori_forget_one(repository, "HEAD", 0, &error) == METAMORI_REFUSED);
  check_ok(metamori_forget_one(repository, "1", 0, &error), &error, "forget one");
  policy.last = 2;
  check_ok(metamori_forget(repository, &policy, NULL, &forgotten, &error), &error, "forget");
  CHECK(forgotten == 2 && listed(repository) == 3);
  check_ok(metamori_pin(repository, "2", 0, &error), &error, "unpin");
  CHECK(metamori_pin(repository, "2", 0, &error) == METAMORI_BAD_REVISION);
  check_ok(metamori_gc(repository, 1, NULL, &report, &error), &error, "gc where worth while");
  CHECK(!report.was_needed);
  check_ok(metamori_gc(repository, 0, NULL, &report, &error), &error, "gc");
  CHECK(report.was_needed && report.is_complete && report.checkpoints_released == 3);
  CHECK(report.bytes_after + 100000 < report.bytes_before && report.packs_after < report.packs_before);
  check_ok(metamori_verify(repository, 1, NULL, NULL, &error), &error, "verify");
  copy_checkpoints(repository);
  metamori_close(repository);
  CHECK(chdir("/") == 0);
  snprintf(command, sizeof command, "rm -rf '%s'", directory);
  CHECK(system(command) == 0);
  puts("keeping from C: fine");
  return 0;
}
