#ifndef METAMORI_METAMORI_H
#define METAMORI_METAMORI_H

/**
 * \file
 * The library for C.
 *
 * Every function that can fail returns a metamori_kind (METAMORI_OK is 0) and, where `error` is not NULL, fills it; an error holds its
 * texts itself, so there is nothing to free. No exception and no signal leaves the library; it prints nothing and reads no environment
 * variable.
 *
 * Options and results are structs that begin with their own size, set by the METAMORI_..._INIT macros: a program keeps working with a
 * library that knows more fields. Start from the macro, then set what differs; texts and lists that options point to need to live for the
 * call only. Strings are bytes that end with NUL; paths are relative to the top of the tracked tree unless said otherwise. Sizes are bytes.
 *
 * A repository, and what was made from it, may be used by one thread at a time. Lists (logs, changes, verdicts) belong to the caller, and
 * outlive the repository that they came from.
 *
 *     metamori_repository* repository = NULL;
 *     metamori_error error;
 *     if (metamori_open(".", NULL, &repository, &error) != METAMORI_OK) { fprintf(stderr, "%s\n", error.message); return 1; }
 *     metamori_checkpoint_options options = METAMORI_CHECKPOINT_OPTIONS_INIT;
 *     metamori_checkpoint_info info = METAMORI_CHECKPOINT_INFO_INIT;
 *     options.message = "step 17";
 *     if (metamori_checkpoint(repository, &options, &info, &error) == METAMORI_OK) puts(info.id);
 *     metamori_close(repository);
 */

#include <stddef.h>
#include <stdint.h>

#include "metamori/export.hpp"

#ifdef __cplusplus
extern "C" {
#endif

/** Why an operation stopped. The numbers are part of the interface. */
typedef enum metamori_kind {
  METAMORI_OK = 0,            /**< it did not: it is done */
  METAMORI_USAGE = 1,         /**< the request makes no sense */
  METAMORI_NO_REPOSITORY = 2, /**< no repository here or above */
  METAMORI_LOCKED = 3,        /**< somebody else holds a lock that is needed */
  METAMORI_BAD_REVISION = 4,  /**< a revision is unknown or ambiguous */
  METAMORI_CORRUPT = 5,       /**< bytes of the repository are not what they should be */
  METAMORI_UNSUPPORTED = 6,   /**< a newer format, or a file system that lacks what is needed */
  METAMORI_NO_SPACE = 7,      /**< the disk or a quota is full */
  METAMORI_REFUSED = 8,       /**< going on would lose work, or is unsafe */
  METAMORI_INTERRUPTED = 9,   /**< the caller's stop was raised */
  METAMORI_TIMED_OUT = 10,    /**< the caller's time limit passed */
  METAMORI_TORN = 11,         /**< a file kept changing and the caller asked to fail then */
  METAMORI_IO = 12,           /**< any other failing system call */
  METAMORI_NO_MEMORY = 13,    /**< memory could not be had */
  METAMORI_INTERNAL = 14      /**< a mistake in the library */
} metamori_kind;

/** What went wrong. Texts that are longer are cut. All fields are set by each call that takes one, also when it succeeds. */
typedef struct metamori_error {
  metamori_kind kind; /**< what the call returned */
  char message[1024]; /**< what was being done, to what, and why it failed */
  char hint[512];     /**< what to do next; may be empty */
} metamori_error;

/** A word for a kind, such as "no_repository"; never NULL, never to be freed. */
METAMORI_API const char* metamori_kind_name(metamori_kind kind);
/** Version of the library, such as "0.1.0"; never to be freed. */
METAMORI_API const char* metamori_version(void);

/** One opened repository. */
typedef struct metamori_repository metamori_repository;

/**
 * Looks for a repository in `start_directory` (NULL: the current one) and above it; or takes the one at `repository_directory` if that is
 * not NULL. `*repository` is NULL on failure, else to be given to metamori_close().
 */
METAMORI_API metamori_kind metamori_open(const char* start_directory, const char* repository_directory, metamori_repository** repository,
                                         metamori_error* error);

/** How metamori_init() is to make a repository. */
typedef struct metamori_init_options {
  size_t size;                      /**< set by METAMORI_INIT_OPTIONS_INIT */
  const char* repository_directory; /**< keep the repository there; NULL: in .metamori */
  int shared;                       /**< writable by the directory's group */
  int exist_ok;                     /**< an existing repository is fine */
} metamori_init_options;
/** What a metamori_init_options begins as. */
#define METAMORI_INIT_OPTIONS_INIT \
  { sizeof(metamori_init_options), NULL, 0, 0 }
/** Makes a repository for the tree `directory` and opens it. `options` may be NULL. */
METAMORI_API metamori_kind metamori_init(const char* directory, const metamori_init_options* options, metamori_repository** repository,
                                         metamori_error* error);
/** Closes a repository; NULL is fine. Nothing is pending: each call has done what it did when it returns. */
METAMORI_API void metamori_close(metamori_repository* repository);
/** Absolute path of the tree's top; lives as long as the repository. NULL for NULL. */
METAMORI_API const char* metamori_tree_directory(const metamori_repository* repository);

/** Adds tracking rules. `is_first` (may be NULL) tells whether these are the first, after which only what rules name is tracked. */
METAMORI_API metamori_kind metamori_track(metamori_repository* repository, const char* const* patterns, size_t pattern_count, int* is_first,
                                          metamori_error* error);
/** Adds rules for what is not tracked. */
METAMORI_API metamori_kind metamori_untrack(metamori_repository* repository, const char* const* patterns, size_t pattern_count,
                                            metamori_error* error);

/** Lets another thread, or a signal handler, stop an operation: it cleans up and returns METAMORI_INTERRUPTED. */
typedef struct metamori_stop metamori_stop;
/** A new one, not raised, to be given to metamori_stop_free(). NULL when out of memory. */
METAMORI_API metamori_stop* metamori_stop_new(void);
/** Stops what was given it, now and later. Safe in signal handlers and from any thread; NULL is fine. */
METAMORI_API void metamori_stop_raise(metamori_stop* stop);
/** Makes it usable again; NULL is fine. */
METAMORI_API void metamori_stop_reset(metamori_stop* stop);
/** Frees it; no operation may be using it. NULL is fine. */
METAMORI_API void metamori_stop_free(metamori_stop* stop);

/**
 * Told how far an operation is; totals are 0 while unknown. May be called from another thread, never from two at once; must not use the
 * repository. `user` is metamori_control::progress_user.
 */
typedef void (*metamori_progress)(void* user, uint64_t bytes_done, uint64_t bytes_total, uint64_t files_done, uint64_t files_total);

/** What a caller may say about how a long operation is done. What it points to must live for the call. */
typedef struct metamori_control {
  const metamori_stop* stop;  /**< may be NULL */
  metamori_progress progress; /**< may be NULL */
  void* progress_user;        /**< given to `progress` */
  uint32_t jobs;              /**< threads; 0: as many as there are processors, at most 16 */
  int64_t time_limit_ms;      /**< give up after so many milliseconds; 0: never */
  int64_t lock_timeout_ms;    /**< how many milliseconds to wait for a lock */
  uint64_t rate_limit_bytes;  /**< read at most so many bytes of the tree a second, on average; 0: no limit */
  uint64_t reserved[3];       /**< 0 */
} metamori_control;
/** What a metamori_control begins as. */
#define METAMORI_CONTROL_INIT                 \
  {                                           \
    NULL, NULL, NULL, 0, 0, 0, 0, { 0, 0, 0 } \
  }

/** How a changed file is told: see metamori-checkpoint(1). */
typedef enum metamori_check {
  METAMORI_CHECK_AUTO = 0,   /**< device, inode, size and times; then fingerprints */
  METAMORI_CHECK_MTIME = 1,  /**< inode and change time left out */
  METAMORI_CHECK_CONTENT = 2 /**< everything is read and hashed */
} metamori_check;

/** What to do with a file that keeps changing while it is read. */
typedef enum metamori_on_torn {
  METAMORI_ON_TORN_MARK = 0,          /**< keep what was read, and say so in `has_losses` */
  METAMORI_ON_TORN_KEEP_PREVIOUS = 1, /**< keep the previous checkpoint's version, and say so in `has_losses` */
  METAMORI_ON_TORN_FAIL = 2           /**< return METAMORI_TORN and publish nothing */
} metamori_on_torn;

/**
 * Who is held still while a checkpoint captures files, so that all of them are of one instant: one of a process tree, a control group, and
 * the caller's own writers. What it points to must live for the call. Processes go on in any case, also if this one is killed.
 */
typedef struct metamori_pause {
  size_t size;              /**< set by METAMORI_PAUSE_INIT */
  int64_t pid;              /**< this process and all that descend from it, but the calling one (SIGSTOP); 0: none */
  const char* cgroup;       /**< this control group (cgroup v2): its directory, absolute or below where it is mounted; NULL: none */
  int64_t max_ms;           /**< of a process tree or control group: go on after so many milliseconds, and make no checkpoint */
  int (*begin)(void* user); /**< holds the caller's own writers still; 0, or else no checkpoint is made. NULL: none */
  int (*end)(void* user);   /**< lets them go on; 0 if nothing could write since `begin`, or else no checkpoint is made */
  void* user;               /**< given to `begin` and `end`, which are called by turns, in the calling thread */
} metamori_pause;
/** What a metamori_pause begins as. */
#define METAMORI_PAUSE_INIT \
  { sizeof(metamori_pause), 0, NULL, 60000, NULL, NULL, NULL }

/** How metamori_checkpoint() is to take one. */
typedef struct metamori_checkpoint_options {
  size_t size;                 /**< set by METAMORI_CHECKPOINT_OPTIONS_INIT */
  const char* message;         /**< may be NULL */
  const char* const* paths;    /**< only these, with all below them; NULL: everything */
  size_t path_count;           /**< of `paths` */
  const char* const* metadata; /**< keys and values by turns; keys: letters, digits and `-` */
  size_t metadata_count;       /**< of pairs */
  const char* const* tags;     /**< names for it */
  size_t tag_count;            /**< of `tags` */
  int skip_if_unchanged;       /**< make none if nothing changed since the last */
  int dry_run;                 /**< store and publish nothing */
  int one_file_system;         /**< don't enter other file systems */
  metamori_check check;        /**< how changes are told */
  metamori_on_torn on_torn;    /**< what to do with files that keep changing */
  uint32_t retries;            /**< further tries for such a file */
  const char* author_name;     /**< who makes it; NULL: `metamori` at this host */
  const char* author_email;    /**< may be NULL; counts with `author_name` only */
  const char* image_kind;      /**< kind of the memory image that this belongs to, a word such as "criu"; NULL: none */
  const char* image_id;        /**< which image that is; may be NULL */
  const char* image_digest;    /**< its digest, as "algorithm:hex"; may be NULL */
  metamori_control control;    /**< progress, stop, threads, limits */
  int skip_if_running;         /**< do nothing while another is being made in this repository */
  int stage_only;              /**< store what the next checkpoint will need, but make none */
  const metamori_pause* pause; /**< holds writers still while files are captured; NULL: nobody */
} metamori_checkpoint_options;
/** What a metamori_checkpoint_options begins as. */
#define METAMORI_CHECKPOINT_OPTIONS_INIT                                                                                                \
  {                                                                                                                                     \
    sizeof(metamori_checkpoint_options), NULL, NULL, 0, NULL, 0, NULL, 0, 0, 0, 0, METAMORI_CHECK_AUTO, METAMORI_ON_TORN_MARK, 3, NULL, \
        NULL, NULL, NULL, NULL, METAMORI_CONTROL_INIT, 0, 0, NULL                                                                       \
  }

/** What is known of a checkpoint. */
typedef struct metamori_checkpoint_info {
  size_t size;           /**< set by METAMORI_CHECKPOINT_INFO_INIT */
  uint64_t number;       /**< from 1; never used twice in a repository */
  char id[41];           /**< hexadecimal */
  char root[65];         /**< SHA-256 that covers all content, hexadecimal */
  int created;           /**< by metamori_checkpoint(): 0 if nothing had changed and that was asked for, or in a dry run */
  int has_losses;        /**< by metamori_checkpoint(): a file was torn, kept or unreadable; see metamori_verdicts_open() */
  int is_safety;         /**< made by a restore, for undo */
  int64_t time_seconds;  /**< when it was made, since 1970 */
  uint64_t entries;      /**< names in it, of any type */
  uint64_t files;        /**< regular files among them */
  uint64_t bytes_total;  /**< sum of their sizes */
  uint64_t bytes_added;  /**< growth of the repository when it was made */
  int was_running;       /**< by metamori_checkpoint(): nothing was done, since another was being made and that was asked for */
  double paused_seconds; /**< by metamori_checkpoint(): how long metamori_checkpoint_options::pause held */
} metamori_checkpoint_info;
/** What a metamori_checkpoint_info begins as. */
#define METAMORI_CHECKPOINT_INFO_INIT \
  { sizeof(metamori_checkpoint_info), 0, "", "", 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }

/** Takes a checkpoint; it survives a power cut when this returns METAMORI_OK. `options` and `info` may be NULL. */
METAMORI_API metamori_kind metamori_checkpoint(metamori_repository* repository, const metamori_checkpoint_options* options,
                                               metamori_checkpoint_info* info, metamori_error* error);
/** The checkpoint that a revision (HEAD, latest, a number, an id, a tag, HEAD~2, ...) names. `info` may be NULL. */
METAMORI_API metamori_kind metamori_resolve(metamori_repository* repository, const char* revision, metamori_checkpoint_info* info,
                                            metamori_error* error);
/** Names a checkpoint. With `force` the name may be another's now. */
METAMORI_API metamori_kind metamori_tag(metamori_repository* repository, const char* name, const char* revision, int force,
                                        metamori_error* error);
/** Takes a name away. */
METAMORI_API metamori_kind metamori_remove_tag(metamori_repository* repository, const char* name, metamori_error* error);

/** How a path was captured. */
typedef enum metamori_verdict {
  METAMORI_VERDICT_CLEAN = 0,      /**< it did not change while it was read */
  METAMORI_VERDICT_RETRIED = 1,    /**< it did at first, a later try was clean */
  METAMORI_VERDICT_PREFIX = 2,     /**< it only grew; captured up to its size when reading began */
  METAMORI_VERDICT_TORN = 3,       /**< it kept changing: the content may be a mixture */
  METAMORI_VERDICT_KEPT = 4,       /**< it kept changing: the previous version was kept instead */
  METAMORI_VERDICT_UNREADABLE = 5, /**< it could not be read: the previous content, if there is one, stays */
  METAMORI_VERDICT_ASSUMED = 6     /**< taken on somebody's word */
} metamori_verdict;
/** The paths of a checkpoint that were not captured clean and at rest, sorted; belongs to the caller. */
typedef struct metamori_verdicts metamori_verdicts;
/** Those of the checkpoint that `revision` (NULL: HEAD) names. To be given to metamori_verdicts_free(). */
METAMORI_API metamori_kind metamori_verdicts_open(metamori_repository* repository, const char* revision, metamori_verdicts** verdicts,
                                                  metamori_error* error);
/** How many there are; 0 for NULL. */
METAMORI_API size_t metamori_verdicts_count(const metamori_verdicts* verdicts);
/** One of them; METAMORI_VERDICT_CLEAN if there is no such index. */
METAMORI_API metamori_verdict metamori_verdicts_get(const metamori_verdicts* verdicts, size_t index);
/** Its path, which lives as long as the list. NULL if there is no such index. */
METAMORI_API const char* metamori_verdicts_path(const metamori_verdicts* verdicts, size_t index);
/** Frees the list; NULL is fine. */
METAMORI_API void metamori_verdicts_free(metamori_verdicts* verdicts);

/** A list of checkpoints, newest first, that belongs to the caller. */
typedef struct metamori_log metamori_log;
/** From `revision` (NULL: HEAD) back; at most `limit` (0: all). To be given to metamori_log_free(). */
METAMORI_API metamori_kind metamori_log_open(metamori_repository* repository, const char* revision, uint64_t limit, metamori_log** log,
                                             metamori_error* error);
/** Which checkpoints metamori_log_search() lists. */
typedef struct metamori_log_options {
  size_t size;                 /**< set by METAMORI_LOG_OPTIONS_INIT */
  const char* revision;        /**< from which parents are followed, or a range `A..B`; NULL: HEAD */
  uint64_t limit;              /**< at most so many; 0: all */
  int all;                     /**< every line, and checkpoints that restores made */
  const char* const* paths;    /**< only checkpoints that changed one of these; NULL: any */
  size_t path_count;           /**< of `paths` */
  int no_follow;               /**< with `paths`: not under the names they had before they were moved */
  const char* const* metadata; /**< keys and values by turns, all of which must be there */
  size_t metadata_count;       /**< of pairs */
  int has_since;               /**< whether `since_seconds` counts */
  int64_t since_seconds;       /**< only those made at or after this, since 1970 */
  int has_until;               /**< whether `until_seconds` counts */
  int64_t until_seconds;       /**< only those made at or before this, since 1970 */
} metamori_log_options;
/** What a metamori_log_options begins as. */
#define METAMORI_LOG_OPTIONS_INIT \
  { sizeof(metamori_log_options), NULL, 0, 0, NULL, 0, 0, NULL, 0, 0, 0, 0, 0 }
/** As metamori_log_open(), with more to choose by. `options` may be NULL. */
METAMORI_API metamori_kind metamori_log_search(metamori_repository* repository, const metamori_log_options* options, metamori_log** log,
                                               metamori_error* error);
/** How many there are; 0 for NULL. */
METAMORI_API size_t metamori_log_count(const metamori_log* log);
/** One of them, 0 being the newest. METAMORI_USAGE if there is no such index. */
METAMORI_API metamori_kind metamori_log_get(const metamori_log* log, size_t index, metamori_checkpoint_info* info);
/** Its message, which lives as long as the log. NULL if there is no such index. */
METAMORI_API const char* metamori_log_message(const metamori_log* log, size_t index);
/** The value noted under `key`, which lives as long as the log. NULL if there is no such index, or no such key. */
METAMORI_API const char* metamori_log_metadata(const metamori_log* log, size_t index, const char* key);
/** Frees the log; NULL is fine. */
METAMORI_API void metamori_log_free(metamori_log* log);

/** How much space checkpoints take, in bytes. */
typedef struct metamori_stats_report {
  size_t size;               /**< set by METAMORI_STATS_REPORT_INIT */
  uint64_t checkpoints;      /**< on lines */
  uint64_t packs;            /**< files that hold chunks */
  uint64_t pack_bytes;       /**< their sizes */
  uint64_t files_logical;    /**< what checkpoints hold in files, each time they hold it */
  uint64_t files_unique;     /**< the same, each chunk once */
  uint64_t files_stored;     /**< what these chunks take in packs */
  uint64_t structure_stored; /**< what lists and listings take */
  uint64_t unused_stored;    /**< what no checkpoint needs, or is there twice */
  uint64_t whole_logical;    /**< of the checkpoint asked for: its files */
  uint64_t whole_stored;     /**< of the checkpoint asked for: what all that it needs takes */
  uint64_t only_here_stored; /**< of the checkpoint asked for: what no other needs, so that forgetting it would free it */
} metamori_stats_report;
/** What a metamori_stats_report begins as. */
#define METAMORI_STATS_REPORT_INIT \
  { sizeof(metamori_stats_report), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }
/** Tells of the repository, and of the checkpoint that `revision` (may be NULL) names. Reads no content of files. */
METAMORI_API metamori_kind metamori_stats(metamori_repository* repository, const char* revision, metamori_stats_report* report,
                                          metamori_error* error);

/** How a name differs between the two sides of a comparison. */
typedef enum metamori_change_kind {
  METAMORI_CHANGE_ADDED = 0,    /**< only the second side has it */
  METAMORI_CHANGE_REMOVED = 1,  /**< only the first side has it */
  METAMORI_CHANGE_MODIFIED = 2, /**< its content, link target, device numbers or type differ */
  METAMORI_CHANGE_METADATA = 3, /**< mode, owner, time, attributes or hard links differ, the content is the same */
  METAMORI_CHANGE_RENAMED = 4   /**< it has moved with its content unchanged */
} metamori_change_kind;
/** What a name in a tree is. */
typedef enum metamori_node_type {
  METAMORI_NODE_FILE = 1,        /**< a regular file */
  METAMORI_NODE_DIRECTORY = 2,   /**< a directory */
  METAMORI_NODE_SYMLINK = 3,     /**< a symbolic link */
  METAMORI_NODE_FIFO = 4,        /**< a named pipe */
  METAMORI_NODE_CHAR_DEVICE = 5, /**< a character device */
  METAMORI_NODE_BLOCK_DEVICE = 6 /**< a block device */
} metamori_node_type;
/** One name that differs. */
typedef struct metamori_change {
  size_t size;               /**< set by METAMORI_CHANGE_INIT */
  metamori_change_kind kind; /**< how it differs */
  metamori_node_type type;   /**< after (before, if removed) */
  uint64_t size_before;      /**< of a file that the first side has; else 0 */
  uint64_t size_after;       /**< of a file that the second side has; else 0 */
  uint64_t bytes_changed;    /**< of a modified file: bytes in chunks that differ; of an added one its size */
  size_t range_count;        /**< of a modified file, where asked for: how many ranges differ */
} metamori_change;
/** What a metamori_change begins as. */
#define METAMORI_CHANGE_INIT \
  { sizeof(metamori_change), METAMORI_CHANGE_ADDED, METAMORI_NODE_FILE, 0, 0, 0, 0 }
/** A list of changes, sorted by path, that belongs to the caller. */
typedef struct metamori_changes metamori_changes;
/** How many there are; 0 for NULL. */
METAMORI_API size_t metamori_changes_count(const metamori_changes* changes);
/** One of them. METAMORI_USAGE if there is no such index. */
METAMORI_API metamori_kind metamori_changes_get(const metamori_changes* changes, size_t index, metamori_change* change);
/** Its path, which lives as long as the list. NULL if there is no such index. */
METAMORI_API const char* metamori_changes_path(const metamori_changes* changes, size_t index);
/** The path that was renamed, which lives as long as the list. NULL if there is no such index, or it is no rename. */
METAMORI_API const char* metamori_changes_from(const metamori_changes* changes, size_t index);
/** One of its ranges, in bytes: `offset` and `length` must not be NULL. METAMORI_USAGE if there is no such index or range. */
METAMORI_API metamori_kind metamori_changes_range(const metamori_changes* changes, size_t index, size_t range, uint64_t* offset,
                                                  uint64_t* length);
/** Frees the list; NULL is fine. */
METAMORI_API void metamori_changes_free(metamori_changes* changes);

/** What metamori_diff() is to compare. */
typedef struct metamori_diff_options {
  size_t size;              /**< set by METAMORI_DIFF_OPTIONS_INIT */
  const char* from;         /**< revision of the first side; NULL: HEAD */
  const char* to;           /**< revision of the second side; NULL: the tree on disk */
  const char* const* paths; /**< only these, with all below them; NULL: everything */
  size_t path_count;        /**< of `paths` */
  int ranges;               /**< tell which ranges of modified files differ */
  int no_renames;           /**< tell a rename as one removed and one added */
  metamori_control control; /**< looked at while the tree on disk is read */
  uint64_t range_gap;       /**< ranges with at most so many equal bytes between them are told as one */
} metamori_diff_options;
/** What a metamori_diff_options begins as. */
#define METAMORI_DIFF_OPTIONS_INIT \
  { sizeof(metamori_diff_options), NULL, NULL, NULL, 0, 0, 0, METAMORI_CONTROL_INIT, 0 }
/** Compares two checkpoints, or one with the tree. `options` may be NULL. To be given to metamori_changes_free(). */
METAMORI_API metamori_kind metamori_diff(metamori_repository* repository, const metamori_diff_options* options, metamori_changes** changes,
                                         metamori_error* error);

/** How things stand. */
typedef struct metamori_status_report {
  size_t size;          /**< set by METAMORI_STATUS_REPORT_INIT */
  uint64_t head_number; /**< of the checkpoint that the tree was last captured as or restored to; 0 before the first */
  char head_id[41];     /**< its id, hexadecimal; empty before the first */
  int restore_pending;  /**< an interrupted restore waits for metamori_recover() */
  uint64_t added;       /**< names since then; so many changes of this kind */
  uint64_t removed;     /**< changes of this kind */
  uint64_t modified;    /**< changes of this kind */
  uint64_t metadata;    /**< changes of this kind */
  uint64_t renamed;     /**< changes of this kind */
  uint64_t unreadable;  /**< names that could not be read */
} metamori_status_report;
/** What a metamori_status_report begins as. */
#define METAMORI_STATUS_REPORT_INIT \
  { sizeof(metamori_status_report), 0, "", 0, 0, 0, 0, 0, 0, 0 }
/**
 * Compares the tree with HEAD. `control` and `report` may be NULL; so may `changes`, which else becomes the list of them, to be given to
 * metamori_changes_free().
 */
METAMORI_API metamori_kind metamori_status(metamori_repository* repository, const metamori_control* control, metamori_status_report* report,
                                           metamori_changes** changes, metamori_error* error);

/**
 * Reads a file of a checkpoint: at most `*length` bytes from `offset` on into `buffer`; holes as zeros. Sets `*length` to the number of
 * bytes read, which is less only at the end of the file. METAMORI_USAGE if there is no such path or it is not a file.
 */
METAMORI_API metamori_kind metamori_read(metamori_repository* repository, const char* revision, const char* path, uint64_t offset,
                                         void* buffer, size_t* length, metamori_error* error);

/**
 * Which checkpoints to keep: one that no rule keeps is forgotten; HEAD and pinned ones are always kept. Times are those of the checkpoints,
 * compared with the newest.
 */
typedef struct metamori_keep_policy {
  size_t size;                /**< set by METAMORI_KEEP_POLICY_INIT */
  uint64_t last;              /**< the newest so many */
  uint64_t hourly;            /**< of so many hours that have any, the newest of each */
  uint64_t daily;             /**< the same for days */
  uint64_t weekly;            /**< for weeks, from Monday on */
  uint64_t monthly;           /**< for months */
  int64_t within_seconds;     /**< all that are at most so much older than the newest; -1: no such rule */
  int thin;                   /**< fewer the older they are */
  int32_t utc_offset_minutes; /**< of the place whose hours and days are meant */
  uint64_t max_size;          /**< of what the others keep, only what fits into so many bytes of packs; 0: no limit */
} metamori_keep_policy;
/** What a metamori_keep_policy begins as. */
#define METAMORI_KEEP_POLICY_INIT \
  { sizeof(metamori_keep_policy), 0, 0, 0, 0, 0, -1, 0, 0, 0 }
/** Forgets what `policy` does not keep; metamori_gc() gives its space back. `forgotten` (may be NULL) tells how many that were. */
METAMORI_API metamori_kind metamori_forget(metamori_repository* repository, const metamori_keep_policy* policy,
                                           const metamori_control* control, uint64_t* forgotten, metamori_error* error);
/** Forgets one checkpoint. METAMORI_REFUSED if it is pinned, or, unless `force`, HEAD or the last there is. */
METAMORI_API metamori_kind metamori_forget_one(metamori_repository* repository, const char* revision, int force, metamori_error* error);
/** Keeps a checkpoint whatever policies say, or with `pinned` 0 no longer. */
METAMORI_API metamori_kind metamori_pin(metamori_repository* repository, const char* revision, int pinned, metamori_error* error);

/** What metamori_gc() did. */
typedef struct metamori_gc_report {
  size_t size;                   /**< set by METAMORI_GC_REPORT_INIT */
  int was_needed;                /**< 0: it was only to run if worth while, and there was little to do */
  int is_complete;               /**< 0: the time limit ended it before all was done */
  uint64_t bytes_before;         /**< of packs */
  uint64_t bytes_after;          /**< of packs */
  uint64_t packs_before;         /**< how many */
  uint64_t packs_after;          /**< how many */
  uint64_t checkpoints_released; /**< forgotten ones whose content went */
} metamori_gc_report;
/** What a metamori_gc_report begins as. */
#define METAMORI_GC_REPORT_INIT \
  { sizeof(metamori_gc_report), 0, 0, 0, 0, 0, 0, 0 }
/**
 * Gives back the space of what no checkpoint needs. With `if_worth_while` only where there is enough to do. `report` may be NULL.
 * METAMORI_LOCKED while somebody writes, METAMORI_CORRUPT if something can't be read: then nothing is deleted.
 */
METAMORI_API metamori_kind metamori_gc(metamori_repository* repository, int if_worth_while, const metamori_control* control,
                                       metamori_gc_report* report, metamori_error* error);

/** What metamori_copy() did. */
typedef struct metamori_copy_report {
  size_t size;            /**< set by METAMORI_COPY_REPORT_INIT */
  uint64_t copied;        /**< checkpoints that were not there */
  uint64_t ancestors;     /**< new there without their content, as ancestors of those */
  uint64_t chunks_copied; /**< that the target lacked */
  uint64_t bytes_read;    /**< of the source's packs */
  uint64_t bytes_added;   /**< growth of the target's packs */
} metamori_copy_report;
/** What a metamori_copy_report begins as. */
#define METAMORI_COPY_REPORT_INIT \
  { sizeof(metamori_copy_report), 0, 0, 0, 0, 0 }
/**
 * Copies checkpoints from one repository to another, with the ids they have: those that `revisions` name (`A..B` names several), or with
 * `revision_count` 0 all but forgotten and safety checkpoints. What is there is not copied again; the target's HEAD stays. `report` may be
 * NULL. METAMORI_CORRUPT, after all others have been copied, if one is damaged.
 */
METAMORI_API metamori_kind metamori_copy(metamori_repository* source, metamori_repository* target, const char* const* revisions,
                                         size_t revision_count, const metamori_control* control, metamori_copy_report* report,
                                         metamori_error* error);

/** What to do with files that exist already. */
typedef enum metamori_overwrite {
  METAMORI_OVERWRITE_ALWAYS = 0,     /**< make them what they were */
  METAMORI_OVERWRITE_IF_CHANGED = 1, /**< only where size or modification time differ */
  METAMORI_OVERWRITE_NEVER = 2       /**< leave them */
} metamori_overwrite;

/** How metamori_restore() is to put a checkpoint back. */
typedef struct metamori_restore_options {
  size_t size;                  /**< set by METAMORI_RESTORE_OPTIONS_INIT */
  const char* const* paths;     /**< only these, with all below them; NULL: everything */
  size_t path_count;            /**< of `paths` */
  const char* target;           /**< another directory, absolute or relative to the current one; NULL: in place */
  int remove_extra;             /**< also remove tracked paths that the checkpoint lacks */
  int dry_run;                  /**< only count what would be done */
  int no_save;                  /**< in place: take no safety checkpoint first */
  int force;                    /**< go on where METAMORI_REFUSED would be returned for unsaved work */
  int verify;                   /**< read everything back afterwards */
  int keep_inode;               /**< rewrite files in place whatever their size */
  int same_owner;               /**< bring back owners, setuid and setgid bits and privileged attributes */
  int special;                  /**< bring back device nodes */
  metamori_overwrite overwrite; /**< what to do with files that exist */
  metamori_control control;     /**< progress, stop, threads, limits */
  int fall_back;                /**< if content of the checkpoint is damaged, take the nearest ancestor whose content is sound */
} metamori_restore_options;
/** What a metamori_restore_options begins as. */
#define METAMORI_RESTORE_OPTIONS_INIT \
  { sizeof(metamori_restore_options), NULL, 0, NULL, 0, 0, 0, 0, 0, 0, 0, 0, METAMORI_OVERWRITE_ALWAYS, METAMORI_CONTROL_INIT, 0 }

/** What a restore did. */
typedef struct metamori_restore_report {
  size_t size;            /**< set by METAMORI_RESTORE_REPORT_INIT */
  uint64_t written;       /**< paths created, replaced, rewritten or with new metadata */
  uint64_t removed;       /**< paths removed */
  uint64_t unchanged;     /**< paths that were as they should be already */
  uint64_t left_alone;    /**< paths on disk that the checkpoint lacks and that stayed */
  uint64_t bytes_written; /**< to files */
  uint64_t warnings;      /**< things that could not be brought back exactly */
  uint64_t saved_as;      /**< number of the safety checkpoint; 0: none */
  uint64_t checkpoint;    /**< number of the checkpoint that was taken */
  uint64_t passed_over;   /**< damaged ones that were not, with `fall_back` */
  uint64_t torn;          /**< files brought back that kept changing when the checkpoint captured them */
} metamori_restore_report;
/** What a metamori_restore_report begins as. */
#define METAMORI_RESTORE_REPORT_INIT \
  { sizeof(metamori_restore_report), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }

/** Makes the tree, or another directory, what it was in the checkpoint that `revision` names. `options` and `report` may be NULL. */
METAMORI_API metamori_kind metamori_restore(metamori_repository* repository, const char* revision, const metamori_restore_options* options,
                                            metamori_restore_report* report, metamori_error* error);
/** Undoes the last restore in place; a second time the undoing. `control` and `report` may be NULL. */
METAMORI_API metamori_kind metamori_undo(metamori_repository* repository, const metamori_control* control, metamori_restore_report* report,
                                         metamori_error* error);

/** What to do with an interrupted restore. */
typedef enum metamori_recover_mode {
  METAMORI_RECOVER_FINISH = 0, /**< do what is left of it */
  METAMORI_RECOVER_ABORT = 1,  /**< take it back */
  METAMORI_RECOVER_FORCE = 2   /**< finish it, overwriting what somebody changed meanwhile */
} metamori_recover_mode;
/** Ends an interrupted restore. `control` may be NULL; `was_pending` too, which else tells whether there was one. */
METAMORI_API metamori_kind metamori_recover(metamori_repository* repository, metamori_recover_mode mode, const metamori_control* control,
                                            int* was_pending, metamori_error* error);

/** What metamori_verify() found. */
typedef struct metamori_verify_report {
  size_t size;             /**< set by METAMORI_VERIFY_REPORT_INIT */
  uint64_t problems;       /**< how many there are */
  uint64_t checkpoints;    /**< looked at */
  uint64_t packs;          /**< looked at */
  uint64_t chunks;         /**< in those packs */
  uint64_t checked_bytes;  /**< read and compared with checksums */
  char first_problem[512]; /**< empty if there is none */
} metamori_verify_report;
/** What a metamori_verify_report begins as. */
#define METAMORI_VERIFY_REPORT_INIT \
  { sizeof(metamori_verify_report), 0, 0, 0, 0, 0, "" }

/**
 * Checks that the repository is sound. Damage that is found is counted in `report` and answered with METAMORI_CORRUPT. With `data` all
 * content is read. `control` and `report` may be NULL.
 */
METAMORI_API metamori_kind metamori_verify(metamori_repository* repository, int data, const metamori_control* control,
                                           metamori_verify_report* report, metamori_error* error);

#ifdef __cplusplus
}
#endif

#endif
