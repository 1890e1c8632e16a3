/* Checkpoints from C while others are held still: a child process, the program's own writers. */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "c/check.h"

/* Writes the same number into two files, one after the other, without end. */
static void write_for_ever(void) {
  FILE* files[2];
  unsigned long number = 0;
  unsigned i;
  CHECK(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0); /* whatever becomes of the test */
  files[0] = fopen("first", "w");
  files[1] = fopen("second", "w");
  CHECK(files[0] != NULL && files[1] != NULL);
  for (;;) {
    ++number;
    for (i = 0; i < 2; ++i) {
      rewind(files[i]);
      fprintf(files[i], "%020lu\n", number);
      fflush(files[i]);
    }
  }
}

static unsigned long number_in(const char* directory, const char* name) {
  char path[128];
  unsigned long number = 0;
  FILE* file;
  snprintf(path, sizeof path, "%s/%s", directory, name);
  file = fopen(path, "r");
  CHECK(file != NULL && fscanf(file, "%lu", &number) == 1);
  fclose(file);
  return number;
}

struct own_writers {
  int held, begun, ended, refuse, late;
};

static int begin(void* user) {
  struct own_writers* own = user;
  if (own->refuse) return -1;
  ++own->begun;
  own->held = 1;
  return 0;
}

static int end(void* user) {
  struct own_writers* own = user;
  CHECK(own->held);
  ++own->ended;
  own->held = 0;
  return own->late;
}

static void check_own_writers(metamori_repository* repository) {
  struct own_writers own = {0, 0, 0, 0, 0};
  metamori_error error;
  metamori_pause pause = METAMORI_PAUSE_INIT;
  metamori_checkpoint_options options = METAMORI_CHECKPOINT_OPTIONS_INIT;
  metamori_checkpoint_info before = METAMORI_CHECKPOINT_INFO_INIT;
  metamori_checkpoint_info info = METAMORI_CHECKPOINT_INFO_INIT;
  pause.begin = begin;
  pause.end = end;
  pause.user = &own;
  options.pause = &pause;
  check_ok(metamori_checkpoint(repository, &options, &before, &error), &error, "own writers");
  CHECK(before.created && own.begun == 1 && own.ended == 1 && !own.held);
  own.late = 1; /* something wrote before all was captured */
  CHECK(metamori_checkpoint(repository, &options, NULL, &error) == METAMORI_TIMED_OUT);
  own.late = 0;
  own.refuse = 1;
  CHECK(metamori_checkpoint(repository, &options, NULL, &error) == METAMORI_REFUSED && own.ended == 2);
  own.refuse = 0;
  pause.pid = 999999998; /* nobody: what was held before is let go */
  CHECK(metamori_checkpoint(repository, &options, NULL, &error) == METAMORI_USAGE && own.ended == 3 && !own.held);
  check_ok(metamori_resolve(repository, "HEAD", &info, &error), &error, "HEAD");
  CHECK(info.number == before.number);
}

int main(void) {
  char directory[] = "/tmp/metamori-c-pause-XXXXXX";
  char back[64];
  char command[256];
  metamori_repository* repository = NULL;
  metamori_error error;
  metamori_pause pause = METAMORI_PAUSE_INIT;
  metamori_checkpoint_options options = METAMORI_CHECKPOINT_OPTIONS_INIT;
  metamori_checkpoint_info info = METAMORI_CHECKPOINT_INFO_INIT;
  metamori_restore_options restore = METAMORI_RESTORE_OPTIONS_INIT;
  pid_t writer;
  int i;
  CHECK(mkdtemp(directory) != NULL && chdir(directory) == 0);
  check_ok(metamori_init(".", NULL, &repository, &error), &error, "init");
  writer = fork();
  CHECK(writer >= 0);
  if (writer == 0) write_for_ever();
  while (access("second", F_OK) != 0) usleep(1000);
  usleep(50000);
  pause.pid = writer;
  options.pause = &pause;
  options.stage_only = 1;
  check_ok(metamori_checkpoint(repository, &options, &info, &error), &error, "stage");
  CHECK(!info.created);
  options.stage_only = 0;
  for (i = 0; i < 5; ++i) {
    unsigned long first, second;
    check_ok(metamori_checkpoint(repository, &options, &info, &error), &error, "checkpoint");
    CHECK(info.created && !info.has_losses && info.paused_seconds > 0);
    snprintf(back, sizeof back, "%s-back%d", directory, i);
    restore.target = back;
    check_ok(metamori_restore(repository, "HEAD", &restore, NULL, &error), &error, "restore");
    first = number_in(back, "first");
    second = number_in(back, "second");
    CHECK(first == second || first == second + 1);
  }
  CHECK(kill(writer, SIGKILL) == 0 && waitpid(writer, NULL, 0) == writer);
  check_own_writers(repository);
  metamori_close(repository);
  snprintf(command, sizeof command, "rm -rf %s %s-back?", directory, directory);
  CHECK(chdir("/") == 0 && system(command) == 0);
  puts("paused from C: ok");
  return 0;
}
