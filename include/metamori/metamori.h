#ifndef METAMORI_METAMORI_H
#define METAMORI_METAMORI_H

/*
 * The library for C. Every function that can fail returns a metamori_kind (METAMORI_OK is 0) and, where `error` is not NULL, fills it; an
 * error holds its texts itself, so there is nothing to free. Options and results are structs that begin with their own size, set by the
 * METAMORI_..._INIT macros: a program keeps working with a library that knows more fields. Strings are bytes that end with NUL; results
 * hold none that could dangle. A repository may be used by one thread at a time.
 *
 *   metamori_repository* repository = NULL;
 *   metamori_error error;
 *   if (metamori_open(".", NULL, &repository, &error) != METAMORI_OK) { fprintf(stderr, "%s\n", error.message); return 1; }
 *   metamori_checkpoint_options options = METAMORI_CHECKPOINT_OPTIONS_INIT;
 *   metamori_checkpoint_info info = METAMORI_CHECKPOINT_INFO_INIT;
 *   options.message = "step 17";
 *   if (metamori_checkpoint(repository, &options, &info, &error) == METAMORI_OK) puts(info.id);
 *   metamori_close(repository);
 */

#include <stddef.h>
#include <stdint.h>

#include "metamori/export.hpp"

#ifdef __cplusplus
extern "C" {
#endif

/* Why an operation stopped. The numbers are part of the interface. */
typedef enum metamori_kind {
  METAMORI_OK = 0,
  METAMORI_USAGE = 1,         /* the request makes no sense */
  METAMORI_NO_REPOSITORY = 2, /* no repository here or above */
  METAMORI_LOCKED = 3,        /* somebody else holds a lock that is needed */
  METAMORI_BAD_REVISION = 4,  /* a revision is unknown or ambiguous */
  METAMORI_CORRUPT = 5,       /* bytes of the repository are not what they should be */
  METAMORI_UNSUPPORTED = 6,   /* a newer format, or a file system that lacks what is needed */
  METAMORI_NO_SPACE = 7,      /* the disk or a quota is full */
  METAMORI_REFUSED = 8,       /* going on would lose work, or is unsafe */
  METAMORI_INTERRUPTED = 9,   /* the caller's stop was raised */
  METAMORI_TIMED_OUT = 10,    /* the caller's time limit passed */
  METAMORI_TORN = 11,         /* a file kept changing and the caller asked to fail then */
  METAMORI_IO = 12,           /* any other failing system call */
  METAMORI_NO_MEMORY = 13,
  METAMORI_INTERNAL = 14 /* a mistake in the library */
} metamori_kind;

/* Texts that are longer are cut. All fields are set by each call that takes one, also when it succeeds. */
typedef struct metamori_error {
  metamori_kind kind;
  char message[1024]; /* what was being done, to what, and why it failed */
  char hint[512];     /* what to do next; may be empty */
} metamori_error;

/* A word for a kind, such as "no_repository"; never NULL. */
METAMORI_API const char* metamori_kind_name(metamori_kind kind);
/* Version of the library, such as "0.1.0". */
METAMORI_API const char* metamori_version(void);

typedef struct metamori_repository metamori_repository;

/* Looks for a repository in `start_directory` (NULL: the current one) and above it; or takes the one at `repository_directory` if that is
 * not NULL. */
METAMORI_API metamori_kind metamori_open(const char* start_directory, const char* repository_directory, metamori_repository** repository,
                                         metamori_error* error);

typedef struct metamori_init_options {
  size_t size;
  const char* repository_directory; /* keep the repository there; NULL: in .metamori */
  int shared;                       /* writable by the directory's group */
  int exist_ok;                     /* an existing repository is fine */
} metamori_init_options;
#define METAMORI_INIT_OPTIONS_INIT \
  { sizeof(metamori_init_options), NULL, 0, 0 }
/* Makes a repository for the tree `directory` and opens it. `options` may be NULL. */
METAMORI_API metamori_kind metamori_init(const char* directory, const metamori_init_options* options, metamori_repository** repository,
                                         metamori_error* error);
/* NULL is fine. */
METAMORI_API void metamori_close(metamori_repository* repository);

/* Adds tracking rules. `is_first` (may be NULL) tells whether these are the first, after which only what rules name is tracked. */
METAMORI_API metamori_kind metamori_track(metamori_repository* repository, const char* const* patterns, size_t pattern_count, int* is_first,
                                          metamori_error* error);
METAMORI_API metamori_kind metamori_untrack(metamori_repository* repository, const char* const* patterns, size_t pattern_count,
                                            metamori_error* error);

/* Lets another thread, or a signal handler, stop an operation: it cleans up and returns METAMORI_INTERRUPTED. */
typedef struct metamori_stop metamori_stop;
METAMORI_API metamori_stop* metamori_stop_new(void);        /* NULL when out of memory */
METAMORI_API void metamori_stop_raise(metamori_stop* stop); /* safe in signal handlers */
METAMORI_API void metamori_stop_reset(metamori_stop* stop);
METAMORI_API void metamori_stop_free(metamori_stop* stop);

/* Told how far an operation is; totals are 0 while unknown. May be called from another thread, never from two at once; must not use the
 * repository. */
typedef void (*metamori_progress)(void* user, uint64_t bytes_done, uint64_t bytes_total, uint64_t files_done, uint64_t files_total);

typedef struct metamori_control {
  const metamori_stop* stop;  /* may be NULL */
  metamori_progress progress; /* may be NULL */
  void* progress_user;
  uint32_t jobs;           /* threads; 0: as many as there are processors */
  int64_t time_limit_ms;   /* 0: none */
  int64_t lock_timeout_ms; /* how long to wait for a lock */
} metamori_control;

typedef struct metamori_checkpoint_options {
  size_t size;
  const char* message;      /* may be NULL */
  const char* const* paths; /* only these, relative to the top of the tree; NULL: everything */
  size_t path_count;
  const char* const* metadata; /* keys and values by turns */
  size_t metadata_count;       /* of pairs */
  const char* const* tags;
  size_t tag_count;
  int skip_if_unchanged;
  int fail_if_torn; /* publish nothing if a file keeps changing */
  metamori_control control;
} metamori_checkpoint_options;
#define METAMORI_CHECKPOINT_OPTIONS_INIT                                                                      \
  {                                                                                                           \
    sizeof(metamori_checkpoint_options), NULL, NULL, 0, NULL, 0, NULL, 0, 0, 0, { NULL, NULL, NULL, 0, 0, 0 } \
  }

typedef struct metamori_checkpoint_info {
  size_t size;
  uint64_t number;
  char id[41];    /* hexadecimal */
  char root[65];  /* SHA-256 that covers all content, hexadecimal */
  int created;    /* by metamori_checkpoint: 0 if nothing had changed and that was asked for */
  int has_losses; /* by metamori_checkpoint: a file was torn, kept or unreadable */
  int is_safety;
  int64_t time_seconds;
  uint64_t entries;
  uint64_t files;
  uint64_t bytes_total;
  uint64_t bytes_added;
} metamori_checkpoint_info;
#define METAMORI_CHECKPOINT_INFO_INIT \
  { sizeof(metamori_checkpoint_info), 0, "", "", 0, 0, 0, 0, 0, 0, 0, 0 }

/* Takes a checkpoint; it survives a power cut when this returns METAMORI_OK. `options` and `info` may be NULL. */
METAMORI_API metamori_kind metamori_checkpoint(metamori_repository* repository, const metamori_checkpoint_options* options,
                                               metamori_checkpoint_info* info, metamori_error* error);
/* The checkpoint that a revision (HEAD, latest, a number, an id, a tag, HEAD~2, ...) names. */
METAMORI_API metamori_kind metamori_resolve(metamori_repository* repository, const char* revision, metamori_checkpoint_info* info,
                                            metamori_error* error);

/* A list of checkpoints, newest first, that belongs to the caller. */
typedef struct metamori_log metamori_log;
/* From `revision` (NULL: HEAD) back; at most `limit` (0: all). */
METAMORI_API metamori_kind metamori_log_open(metamori_repository* repository, const char* revision, uint64_t limit, metamori_log** log,
                                             metamori_error* error);
METAMORI_API size_t metamori_log_count(const metamori_log* log);
/* METAMORI_USAGE if there is no such index. */
METAMORI_API metamori_kind metamori_log_get(const metamori_log* log, size_t index, metamori_checkpoint_info* info);
/* Texts live as long as the log. NULL if there is no such index, or the checkpoint has no such metadata. */
METAMORI_API const char* metamori_log_message(const metamori_log* log, size_t index);
METAMORI_API const char* metamori_log_metadata(const metamori_log* log, size_t index, const char* key);
METAMORI_API void metamori_log_free(metamori_log* log);

typedef struct metamori_restore_options {
  size_t size;
  const char* const* paths; /* only these; NULL: everything */
  size_t path_count;
  const char* target; /* another directory; NULL: in place */
  int remove_extra;   /* also remove tracked paths that the checkpoint lacks */
  int dry_run;
  int no_save; /* in place: take no safety checkpoint first */
  int force;   /* go on where METAMORI_REFUSED would be returned for unsaved work */
  int verify;  /* read everything back afterwards */
  metamori_control control;
} metamori_restore_options;
#define METAMORI_RESTORE_OPTIONS_INIT                                                             \
  {                                                                                               \
    sizeof(metamori_restore_options), NULL, 0, NULL, 0, 0, 0, 0, 0, { NULL, NULL, NULL, 0, 0, 0 } \
  }

typedef struct metamori_restore_report {
  size_t size;
  uint64_t written, removed, unchanged, left_alone, bytes_written;
  uint64_t warnings; /* things that could not be brought back exactly */
  uint64_t saved_as; /* number of the safety checkpoint; 0: none */
} metamori_restore_report;
#define METAMORI_RESTORE_REPORT_INIT \
  { sizeof(metamori_restore_report), 0, 0, 0, 0, 0, 0, 0 }

/* `options` and `report` may be NULL. */
METAMORI_API metamori_kind metamori_restore(metamori_repository* repository, const char* revision, const metamori_restore_options* options,
                                            metamori_restore_report* report, metamori_error* error);
/* Undoes the last restore in place. */
METAMORI_API metamori_kind metamori_undo(metamori_repository* repository, metamori_restore_report* report, metamori_error* error);
/* Finishes an interrupted restore, or with `abort` takes it back. `was_pending` may be NULL. */
METAMORI_API metamori_kind metamori_recover(metamori_repository* repository, int abort, int* was_pending, metamori_error* error);

typedef struct metamori_verify_report {
  size_t size;
  uint64_t problems, checkpoints, packs, chunks, checked_bytes;
  char first_problem[512]; /* empty if there is none */
} metamori_verify_report;
#define METAMORI_VERIFY_REPORT_INIT \
  { sizeof(metamori_verify_report), 0, 0, 0, 0, 0, "" }

/* Damage that is found is counted in `report` and answered with METAMORI_CORRUPT. With `data` all content is read. `report` may be NULL. */
METAMORI_API metamori_kind metamori_verify(metamori_repository* repository, int data, metamori_verify_report* report,
                                           metamori_error* error);

#ifdef __cplusplus
}
#endif

#endif
