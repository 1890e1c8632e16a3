/* A small program that checkpoints its own file, changes it, looks at the difference, goes back and verifies: consumer DIRECTORY. */

#include <metamori/metamori.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void require(int condition, const char* what, const metamori_error* error) {
  if (condition) return;
  fprintf(stderr, "failed: %s: %s\n", what, error->message);
  exit(1);
}

static void write_state(const char* path, const char* text) {
  FILE* file = fopen(path, "w");
  if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0) exit(1);
}

static int state_is(const char* path, const char* text) {
  char found[16] = "";
  FILE* file = fopen(path, "r");
  if (file == NULL) return 0;
  if (fgets(found, sizeof found, file) == NULL) found[0] = '\0';
  fclose(file);
  return strcmp(found, text) == 0;
}

int main(int argc, char** argv) {
  metamori_repository* repository = NULL;
  metamori_error error;
  metamori_checkpoint_options options = METAMORI_CHECKPOINT_OPTIONS_INIT;
  metamori_checkpoint_info info = METAMORI_CHECKPOINT_INFO_INIT;
  metamori_status_report status = METAMORI_STATUS_REPORT_INIT;
  metamori_changes* changes = NULL;
  metamori_log* log = NULL;
  char path[4096];
  if (argc != 2 || snprintf(path, sizeof path, "%s/state", argv[1]) >= (int)sizeof path) return 2;

  require(metamori_init(argv[1], NULL, &repository, &error) == METAMORI_OK, "init", &error);
  write_state(path, "one");
  options.message = "step 1";
  require(metamori_checkpoint(repository, &options, &info, &error) == METAMORI_OK && info.number == 1, "checkpoint", &error);
  write_state(path, "two");
  require(metamori_status(repository, NULL, &status, &changes, &error) == METAMORI_OK && status.modified == 1, "status", &error);
  require(strcmp(metamori_changes_path(changes, 0), "state") == 0, "the changed path", &error);
  metamori_changes_free(changes);
  require(metamori_diff(repository, NULL, &changes, &error) == METAMORI_OK && metamori_changes_count(changes) == 1, "diff", &error);
  metamori_changes_free(changes);
  require(metamori_restore(repository, "HEAD", NULL, NULL, &error) == METAMORI_OK && state_is(path, "one"), "restore", &error);
  require(metamori_log_open(repository, NULL, 0, &log, &error) == METAMORI_OK && metamori_log_count(log) == 1, "log", &error);
  metamori_log_free(log);
  require(metamori_resolve(repository, "nowhere", &info, &error) == METAMORI_BAD_REVISION, "an unknown revision", &error);
  require(metamori_verify(repository, 1, NULL, NULL, &error) == METAMORI_OK, "verify", &error);
  metamori_close(repository);
  return 0;
}
