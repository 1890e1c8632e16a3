/* The C interface from C: init, checkpoint, change, status, diff, log, read, tags, restore, verify; and what happens to nonsense. */

#include <metamori/metamori.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int failures = 0;

#define CHECK(condition)                                                       \
  do {                                                                         \
    if (!(condition)) {                                                        \
      fprintf(stderr, "%s:%d: failed: %s\n", __FILE__, __LINE__, #condition); \
      ++failures;                                                              \
    }                                                                          \
  } while (0)

static void check_ok(metamori_kind kind, const metamori_error* error, const char* what) {
  if (kind == METAMORI_OK) return;
  fprintf(stderr, "%s: %s: %s (%s)\n", what, metamori_kind_name(kind), error->message, error->hint);
  exit(1);
}

static void path_in(char* buffer, size_t size, const char* directory, const char* name) {
  CHECK((size_t)snprintf(buffer, size, "%s/%s", directory, name) < size);
}

static void write_text(const char* directory, const char* name, const char* text) {
  char path[512];
  FILE* file;
  path_in(path, sizeof path, directory, name);
  file = fopen(path, "w");
  CHECK(file != NULL);
  if (file == NULL) return;
  CHECK(fputs(text, file) >= 0);
  CHECK(fclose(file) == 0);
}

static int holds_text(const char* directory, const char* name, const char* text) {
  char path[512];
  char content[256];
  size_t size;
  FILE* file;
  path_in(path, sizeof path, directory, name);
  file = fopen(path, "r");
  if (file == NULL) return 0;
  size = fread(content, 1, sizeof content - 1, file);
  content[size] = '\0';
  fclose(file);
  return strcmp(content, text) == 0;
}

static void check_nonsense(const char* directory) {
  metamori_repository* repository = NULL;
  metamori_error error;
  metamori_checkpoint_info unsized_info;
  metamori_init_options from_the_future = METAMORI_INIT_OPTIONS_INIT;
  CHECK(metamori_open(directory, NULL, &repository, &error) == METAMORI_NO_REPOSITORY);
  CHECK(repository == NULL && error.kind == METAMORI_NO_REPOSITORY && error.message[0] != '\0');
  CHECK(metamori_open(directory, NULL, NULL, NULL) == METAMORI_USAGE);
  CHECK(metamori_checkpoint(NULL, NULL, NULL, &error) == METAMORI_USAGE);
  from_the_future.size = 4; /* smaller than the size field itself */
  CHECK(metamori_init(directory, &from_the_future, &repository, &error) == METAMORI_USAGE);
  memset(&unsized_info, 0, sizeof unsized_info);
  CHECK(metamori_log_get(NULL, 0, &unsized_info) == METAMORI_USAGE);
  CHECK(metamori_log_count(NULL) == 0 && metamori_log_message(NULL, 0) == NULL);
  CHECK(strcmp(metamori_kind_name(METAMORI_BAD_REVISION), "bad_revision") == 0);
  CHECK(metamori_version()[0] != '\0');
  metamori_close(NULL);
  metamori_log_free(NULL);
  metamori_stop_raise(NULL);
}

static void check_log(metamori_repository* repository, const metamori_checkpoint_info* first, const metamori_checkpoint_info* second) {
  metamori_error error;
  metamori_log* log = NULL;
  metamori_checkpoint_info info = METAMORI_CHECKPOINT_INFO_INIT;
  check_ok(metamori_log_open(repository, NULL, 0, &log, &error), &error, "log");
  CHECK(metamori_log_count(log) == 2);
  CHECK(metamori_log_get(log, 0, &info) == METAMORI_OK && strcmp(info.id, second->id) == 0);
  CHECK(metamori_log_get(log, 1, &info) == METAMORI_OK && strcmp(info.id, first->id) == 0);
  CHECK(metamori_log_get(log, 2, &info) == METAMORI_USAGE);
  CHECK(metamori_log_message(log, 1) != NULL && strncmp(metamori_log_message(log, 1), "first", 5) == 0);
  CHECK(metamori_log_metadata(log, 0, "Step") != NULL && strcmp(metamori_log_metadata(log, 0, "Step"), "17") == 0);
  CHECK(metamori_log_metadata(log, 1, "Step") == NULL);
  metamori_log_free(log);
}

/* By options; and what the two checkpoints take. */
static void check_search(metamori_repository* repository, const metamori_checkpoint_info* second) {
  metamori_error error;
  metamori_log* log = NULL;
  metamori_log_options options = METAMORI_LOG_OPTIONS_INIT;
  metamori_checkpoint_info info = METAMORI_CHECKPOINT_INFO_INIT;
  metamori_stats_report stats = METAMORI_STATS_REPORT_INIT;
  static const char* const step[] = {"Step", "17"};
  static const char* const paths[] = {"nothing there"};
  check_ok(metamori_log_search(repository, NULL, &log, &error), &error, "search");
  CHECK(metamori_log_count(log) == 2);
  metamori_log_free(log);
  options.metadata = step;
  options.metadata_count = 1;
  check_ok(metamori_log_search(repository, &options, &log, &error), &error, "search");
  CHECK(metamori_log_count(log) == 1 && metamori_log_get(log, 0, &info) == METAMORI_OK && strcmp(info.id, second->id) == 0);
  metamori_log_free(log);
  options.paths = paths;
  options.path_count = 1;
  check_ok(metamori_log_search(repository, &options, &log, &error), &error, "search");
  CHECK(metamori_log_count(log) == 0);
  metamori_log_free(log);
  options = (metamori_log_options)METAMORI_LOG_OPTIONS_INIT;
  options.has_until = 1;
  CHECK(metamori_log_search(repository, &options, &log, &error) == METAMORI_OK && metamori_log_count(log) == 0);
  metamori_log_free(log);
  options.revision = "nosuch";
  CHECK(metamori_log_search(repository, &options, &log, &error) == METAMORI_BAD_REVISION && log == NULL);
  check_ok(metamori_stats(repository, "HEAD", &stats, &error), &error, "stats");
  CHECK(stats.checkpoints == 2 && stats.files_logical > 0 && stats.files_stored > 0 && stats.pack_bytes > stats.files_stored);
  CHECK(stats.whole_logical == second->bytes_total && stats.only_here_stored > 0 && stats.only_here_stored <= stats.whole_stored);
  CHECK(metamori_stats(repository, "nosuch", NULL, &error) == METAMORI_BAD_REVISION);
}

/* The tree has one file more than HEAD, and another in which one byte differs. */
static void check_changes(metamori_repository* repository) {
  metamori_error error;
  metamori_diff_options options = METAMORI_DIFF_OPTIONS_INIT;
  metamori_status_report status = METAMORI_STATUS_REPORT_INIT;
  metamori_change change = METAMORI_CHANGE_INIT;
  metamori_changes* changes = NULL;
  uint64_t offset = 99, length = 0;
  static const char* const paths[] = {"state"};
  check_ok(metamori_status(repository, NULL, &status, NULL, &error), &error, "status");
  CHECK(status.head_number == 2 && strlen(status.head_id) == 40 && !status.restore_pending);
  CHECK(status.added == 1 && status.modified == 1 && status.removed == 0);
  check_ok(metamori_status(repository, NULL, NULL, &changes, &error), &error, "status");
  CHECK(metamori_changes_count(changes) == 2 && strcmp(metamori_changes_path(changes, 0), "more") == 0);
  CHECK(metamori_changes_get(changes, 0, &change) == METAMORI_OK && change.kind == METAMORI_CHANGE_ADDED && change.size_after == 4);
  CHECK(metamori_changes_get(changes, 2, &change) == METAMORI_USAGE && metamori_changes_path(changes, 2) == NULL);
  CHECK(metamori_changes_from(changes, 0) == NULL);
  metamori_changes_free(changes);

  options.paths = paths;
  options.path_count = 1;
  options.ranges = 1;
  check_ok(metamori_diff(repository, &options, &changes, &error), &error, "diff");
  CHECK(metamori_changes_count(changes) == 1 && metamori_changes_get(changes, 0, &change) == METAMORI_OK);
  CHECK(change.kind == METAMORI_CHANGE_MODIFIED && change.type == METAMORI_NODE_FILE && change.range_count == 1);
  CHECK(metamori_changes_range(changes, 0, 0, &offset, &length) == METAMORI_OK && offset == 0 && length == 1);
  CHECK(metamori_changes_range(changes, 0, 1, &offset, &length) == METAMORI_USAGE);
  metamori_changes_free(changes);

  options.from = "1";
  options.to = "nowhere";
  CHECK(metamori_diff(repository, &options, &changes, &error) == METAMORI_BAD_REVISION && changes == NULL);
  options.from = "nowhere";
  options.to = "1";
  CHECK(metamori_diff(repository, &options, &changes, &error) == METAMORI_BAD_REVISION && changes == NULL);
  CHECK(metamori_changes_count(NULL) == 0);
}

static void check_reading_and_names(metamori_repository* repository) {
  metamori_error error;
  metamori_checkpoint_info info = METAMORI_CHECKPOINT_INFO_INIT;
  metamori_verdicts* verdicts = NULL;
  char buffer[16] = "????????????";
  size_t length = 3;
  check_ok(metamori_read(repository, "2", "state", 2, buffer, &length, &error), &error, "read");
  CHECK(length == 3 && memcmp(buffer, "oth?", 4) == 0);
  length = sizeof buffer;
  check_ok(metamori_read(repository, "1", "state", 1, buffer, &length, &error), &error, "read to the end");
  CHECK(length == 2 && memcmp(buffer, "ne", 2) == 0);
  CHECK(metamori_read(repository, "1", "nothing", 0, buffer, &length, &error) == METAMORI_USAGE);
  check_ok(metamori_tag(repository, "good", "1", 0, &error), &error, "tag");
  CHECK(metamori_tag(repository, "good", "2", 0, &error) == METAMORI_REFUSED);
  CHECK(metamori_resolve(repository, "good", &info, &error) == METAMORI_OK && info.number == 1);
  check_ok(metamori_remove_tag(repository, "good", &error), &error, "remove_tag");
  CHECK(metamori_resolve(repository, "good", &info, &error) == METAMORI_BAD_REVISION);
  check_ok(metamori_verdicts_open(repository, NULL, &verdicts, &error), &error, "verdicts");
  CHECK(metamori_verdicts_count(verdicts) == 0 && metamori_verdicts_path(verdicts, 0) == NULL);
  CHECK(metamori_verdicts_get(verdicts, 0) == METAMORI_VERDICT_CLEAN);
  metamori_verdicts_free(verdicts);
}

/* Each option reaches the engine. */
static void check_options(metamori_repository* repository, const char* directory) {
  metamori_error error;
  metamori_checkpoint_options options = METAMORI_CHECKPOINT_OPTIONS_INIT;
  metamori_checkpoint_info info = METAMORI_CHECKPOINT_INFO_INIT;
  metamori_restore_options restore = METAMORI_RESTORE_OPTIONS_INIT;
  metamori_restore_report report = METAMORI_RESTORE_REPORT_INIT;
  int was_pending = 1;
  options.dry_run = 1;
  CHECK(metamori_checkpoint(repository, &options, &info, &error) == METAMORI_OK && info.created == 0);
  options.check = (metamori_check)99;
  CHECK(metamori_checkpoint(repository, &options, &info, &error) == METAMORI_USAGE);
  options.check = METAMORI_CHECK_CONTENT;
  options.on_torn = (metamori_on_torn)99;
  CHECK(metamori_checkpoint(repository, &options, &info, &error) == METAMORI_USAGE);
  options.on_torn = METAMORI_ON_TORN_KEEP_PREVIOUS;
  options.control.reserved[1] = 1;
  CHECK(metamori_checkpoint(repository, &options, &info, &error) == METAMORI_UNSUPPORTED);
  options.control.reserved[1] = 0;
  options.image_digest = "nonsense";
  options.dry_run = 0;
  CHECK(metamori_checkpoint(repository, &options, &info, &error) == METAMORI_USAGE);

  restore.overwrite = METAMORI_OVERWRITE_NEVER;
  CHECK(metamori_restore(repository, "1", &restore, &report, &error) == METAMORI_OK && !holds_text(directory, "state", "one"));
  restore.fall_back = 1;
  CHECK(metamori_restore(repository, "1", &restore, &report, &error) == METAMORI_OK && report.checkpoint == 1 && report.passed_over == 0);
  restore.overwrite = (metamori_overwrite)99;
  CHECK(metamori_restore(repository, "1", &restore, &report, &error) == METAMORI_USAGE);
  CHECK(metamori_recover(repository, METAMORI_RECOVER_ABORT, NULL, &was_pending, &error) == METAMORI_OK && was_pending == 0);
}

/* Reading 4 MiB at 1 MiB a second is not done in half a second. */
static void check_rate_limit(metamori_repository* repository, const char* directory) {
  metamori_error error;
  metamori_checkpoint_options options = METAMORI_CHECKPOINT_OPTIONS_INIT;
  char path[512];
  static char mebibyte[1 << 20]; /* zeros that are written are no hole */
  FILE* file;
  int count;
  path_in(path, sizeof path, directory, "large");
  file = fopen(path, "w");
  CHECK(file != NULL);
  if (file == NULL) return;
  for (count = 0; count < 4; ++count) CHECK(fwrite(mebibyte, sizeof mebibyte, 1, file) == 1);
  CHECK(fclose(file) == 0);
  options.check = METAMORI_CHECK_CONTENT;
  CHECK(metamori_checkpoint(repository, &options, NULL, &error) == METAMORI_OK);
  options.control.time_limit_ms = 500;
  options.control.rate_limit_bytes = 1 << 20;
  CHECK(metamori_checkpoint(repository, &options, NULL, &error) == METAMORI_TIMED_OUT);
  CHECK(unlink(path) == 0);
}

static void check_cycle(const char* directory) {
  metamori_repository* repository = NULL;
  metamori_error error;
  metamori_checkpoint_options options = METAMORI_CHECKPOINT_OPTIONS_INIT;
  metamori_checkpoint_info first = METAMORI_CHECKPOINT_INFO_INIT;
  metamori_checkpoint_info second = METAMORI_CHECKPOINT_INFO_INIT;
  metamori_restore_report restored = METAMORI_RESTORE_REPORT_INIT;
  metamori_verify_report verified = METAMORI_VERIFY_REPORT_INIT;
  static const char* const metadata[] = {"Step", "17"};
  metamori_stop* stop = metamori_stop_new();

  check_ok(metamori_init(directory, NULL, &repository, &error), &error, "init");
  write_text(directory, "state", "one");
  options.message = "first";
  check_ok(metamori_checkpoint(repository, &options, &first, &error), &error, "checkpoint");
  CHECK(first.created == 1 && first.number == 1 && first.files == 1 && strlen(first.id) == 40 && strlen(first.root) == 64);

  write_text(directory, "state", "another");
  options.message = "second";
  options.metadata = metadata;
  options.metadata_count = 1;
  check_ok(metamori_checkpoint(repository, &options, &second, &error), &error, "checkpoint");
  CHECK(second.number == 2 && strcmp(first.id, second.id) != 0);
  check_log(repository, &first, &second);
  check_search(repository, &second);
  CHECK(strcmp(metamori_tree_directory(repository), directory) == 0 && metamori_tree_directory(NULL) == NULL);
  write_text(directory, "more", "more");
  write_text(directory, "state", "Another");
  check_changes(repository);
  check_reading_and_names(repository);
  check_options(repository, directory);
  write_text(directory, "state", "another");

  check_ok(metamori_resolve(repository, "HEAD~1", &second, &error), &error, "resolve");
  CHECK(strcmp(first.id, second.id) == 0);
  CHECK(metamori_resolve(repository, "nowhere", &second, &error) == METAMORI_BAD_REVISION);

  options.control.stop = stop;
  metamori_stop_raise(stop);
  CHECK(metamori_checkpoint(repository, &options, NULL, &error) == METAMORI_INTERRUPTED);
  metamori_stop_free(stop);

  check_ok(metamori_restore(repository, first.id, NULL, &restored, &error), &error, "restore");
  CHECK(restored.written >= 1 && holds_text(directory, "state", "one"));
  check_ok(metamori_undo(repository, NULL, &restored, &error), &error, "undo");
  CHECK(holds_text(directory, "state", "another"));
  check_ok(metamori_verify(repository, 1, NULL, &verified, &error), &error, "verify");
  CHECK(verified.problems == 0 && verified.checked_bytes > 0);
  check_rate_limit(repository, directory);
  metamori_close(repository);
}

int main(void) {
  char directory[] = "/tmp/metamori-c-XXXXXX";
  char command[128];
  if (mkdtemp(directory) == NULL) return 1;
  check_nonsense(directory);
  check_cycle(directory);
  snprintf(command, sizeof command, "rm -rf '%s'", directory);
  if (system(command) != 0) ++failures;
  if (failures == 0) puts("the C interface works");
  return failures == 0 ? 0 : 1;
}
