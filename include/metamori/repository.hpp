#pragma once

/// \file
/// The library's front door.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "metamori/changes.hpp"
#include "metamori/checkpoint.hpp"
#include "metamori/error.hpp"
#include "metamori/find.hpp"
#include "metamori/keeping.hpp"
#include "metamori/log.hpp"
#include "metamori/restore.hpp"
#include "metamori/stats.hpp"

/// Incremental checkpoints for the files of a running job. Repository is where to start. What stops an operation is thrown as Error, whose
/// kind tells why; besides it only `std::bad_alloc` and what a caller's own callback throws. Paths are bytes, relative to the top of the
/// tracked tree unless said otherwise. Sizes are bytes. The library prints nothing, reads no environment variable and installs no signal
/// handler.
namespace metamori {

/// What Repository::init is to make.
struct InitOptions {
  std::string directory = ".";                ///< top of the tree; made if missing
  std::optional<std::string> repository_dir;  ///< keep the repository there; `.metamori` becomes a pointer to it
  bool shared = false;                        ///< writable by the directory's group
  bool exist_ok = false;                      ///< an existing repository is fine
};

/// What Repository::open is to open.
struct OpenOptions {
  std::string start_directory = ".";          ///< looked for here and upwards
  std::optional<std::string> repository_dir;  ///< take this one (a `.metamori` directory, or a directory that holds one)
};

/// What Repository::verify is to look at.
struct VerifyOptions {
  bool data = false;                        ///< read and hash every chunk, too
  std::uint32_t sample_percent = 100;       ///< of the data, with `data`; 1 to 100. Each run goes on where the last one ended
  std::optional<std::int64_t> max_time_ms;  ///< with `data`: stop reading content after so long; VerifyReport::is_complete tells
  Control control;                          ///< progress, stop, threads, limits
};
/// Something that is damaged.
struct VerifyProblem {
  std::string kind;                     ///< format, pack, chunk, record, reference, restore
  std::string where;                    ///< file, and chunk or path
  std::string message;                  ///< what is wrong with it
  std::vector<CheckpointInfo> affects;  ///< checkpoints that can't be restored in full
};
/// What Repository::verify found.
struct VerifyReport {
  std::uint64_t checkpoints = 0;        ///< looked at
  std::uint64_t packs = 0;              ///< looked at
  std::uint64_t chunks = 0;             ///< in those packs
  std::uint64_t checked_bytes = 0;      ///< read and compared with checksums
  bool is_complete = true;              ///< false: max_time_ms was over before all that was asked for had been read
  std::vector<VerifyProblem> problems;  ///< in the order they were met
  double seconds = 0;                   ///< how long it took
  /// Whether there are no problems.
  [[nodiscard]] bool ok() const noexcept { return problems.empty(); }
};

/// A name that a checkpoint was given.
struct TagInfo {
  std::string name;           ///< 1 to 100 bytes
  CheckpointInfo checkpoint;  ///< what it names
};

/// One opened repository. It may be moved, and used by one thread at a time (its operations use several inside, and have ended them when
/// they return). Several processes, and several Repository objects, may work on one repository at once. What is returned is a copy that
/// belongs to the caller and outlives the repository.
///
/// Any operation may throw Error with the kind `corrupt` (bytes of the repository are not what they should be), `io`, or `unsupported`;
/// those that take a Control `interrupted`, `timed_out` and `locked`; those that write to the repository `no_space`, and `refused` where it
/// can only be read. What else each throws is said there.
class METAMORI_API Repository {
 public:
  /// Makes a repository; it is durable on return. Throws refused if there is one (unless exist_ok), usage inside another's `.metamori`,
  /// unsupported if the file system can neither rename without replacing nor link.
  static Repository init(const InitOptions& options);
  /// Finds and opens one. Throws no_repository; unsupported for a newer format; refused if it belongs to another user and is not shared.
  static Repository open(const OpenOptions& options);
  /// Leaves the other usable for nothing but destruction and assignment.
  Repository(Repository&&) noexcept;
  /// Leaves the other usable for nothing but destruction and assignment.
  Repository& operator=(Repository&&) noexcept;
  /// Closes it. Nothing is pending in memory: each operation is done when it returns.
  ~Repository();

  /// Absolute path of the tree's top. Lives as long as the repository.
  [[nodiscard]] const std::string& tree_directory() const noexcept;
  /// Absolute path of the repository. Lives as long as it.
  [[nodiscard]] const std::string& repository_directory() const noexcept;
  /// `path` (absolute, or relative to `base`, itself absolute) as a path in the tree, lexically: single and double dots are resolved, links
  /// are not followed. Throws usage if it is outside.
  [[nodiscard]] std::string tree_path(std::string_view path, std::string_view base) const;

  // Tracking rules.

  /// The patterns in force, in order, in the syntax of gitignore; `!` before those of `untrack`.
  [[nodiscard]] std::vector<std::string> rules() const;
  /// Adds patterns at the end: what they match is tracked. Returns whether these are the first rules, after which only what rules name is
  /// tracked. Throws usage for a malformed pattern, locked if another process holds the rules for seconds, even if `control` would not
  /// wait.
  bool track(const std::vector<std::string>& patterns, const Control& control = {});
  /// Adds patterns at the end: what they match is not tracked. Returns whether these are the first rules. Throws as track().
  bool untrack(const std::vector<std::string>& patterns, const Control& control = {});

  /// Records the tree as it is now. When it returns, the checkpoint survives a power cut; when it throws, nothing was published. Takes time
  /// in proportion to what changed, and a `statx` for each name. Throws usage for a bad path, tag or metadata key; refused while a restore
  /// is pending; torn with OnTorn::fail.
  CheckpointReport checkpoint(const CheckpointOptions& options);
  /// Compares the tree with HEAD. Publishes nothing; works on a repository that can only be read.
  StatusReport status(const Control& control = {});

  // Looking. Each throws bad_revision for a revision that is unknown or ambiguous, and works on a repository that can only be read.

  /// The checkpoint that `revision` names: see metamori-revisions(7).
  CheckpointInfo resolve(std::string_view revision);
  /// Ways to name a checkpoint that start with `prefix`: `HEAD`, `latest` and `@undo`, tags, lines, and numbers, at most the `limit`
  /// newest; from four hexadecimal digits on ids, too; after `REV~` the nearest ancestors. What is damaged is left out, not thrown.
  std::vector<RevisionName> revision_names(std::string_view prefix, std::size_t limit);
  /// As resolve, with verdicts, scope and rules.
  CheckpointInfo show(std::string_view revision);
  /// Checkpoints, newest first. A repository without checkpoints has an empty log of HEAD.
  std::vector<CheckpointInfo> log(const LogOptions& options);
  /// Calls `visit` for each, newest first, as they are found, until it returns false.
  void log(const LogOptions& options, const std::function<bool(const LogEntry&)>& visit);
  /// Numbers of records that are damaged or missing, ascending: what lists all checkpoints has to pass over them.
  std::vector<std::uint64_t> damaged_records();
  /// Calls `visit` for `path` in the checkpoint: a directory's names (all below it, with `recursive`), or the one thing it is. In order, in
  /// the calling thread; what `visit` throws ends it and is passed on. Throws usage if there is no such path.
  void list(std::string_view revision, std::string_view path, bool recursive, const std::function<void(const NodeInfo&)>& visit);
  /// Content of a file, from `offset`, at most `length` bytes, in pieces, in order; holes as zeros. Every piece has been
  /// compared with its id. `receive` is called in the calling thread; what it throws ends it and is passed on. Throws usage if it is not a
  /// file.
  void read(std::string_view revision, std::string_view path, std::uint64_t offset, std::optional<std::uint64_t> length,
            const std::function<void(ByteView)>& receive);
  /// All paths of all checkpoints that match, and when they changed. Throws usage for a pattern that can match nothing.
  FindReport find(const FindOptions& options);
  /// What checkpoints take, and what forgetting one would free. Reads the chunks that hold others together, and no file's content. Throws
  /// usage if the checkpoint has no such path; bad_revision if it was forgotten.
  StatsReport stats(const StatsOptions& options);
  /// Compares two checkpoints, or one with the tree on disk. Reads what differs, not what is equal.
  DiffReport diff(const DiffOptions& options);
  /// Shortest unique prefix of an id, at least 8 digits.
  std::string short_id(const CheckpointId& id);

  // Putting back.

  /// Makes the tree, or another directory, what it was. In place it writes only what differs; if it ends in the middle, recover() finishes
  /// it or takes it back. Throws bad_revision; usage for a bad path; refused where work would be lost, a file changed meanwhile, or a
  /// restore is pending; no_space before anything was touched.
  RestoreReport restore(const RestoreOptions& options);
  /// Undoes the last restore in place (and a second time, the undoing). Of the options `dry_run`, `keep_inode`, `force`, `verify`,
  /// `same_owner`, `special`, `privileged_attributes` and `control` count. Throws bad_revision if there is nothing to undo; refused as
  /// restore().
  RestoreReport undo(const RestoreOptions& options);
  /// Finishes an interrupted restore, or takes it back. Does nothing if there is none. Throws refused if somebody changed a file meanwhile
  /// (RecoverMode::force goes on), or if what it would take back is held nowhere.
  RecoverReport recover(RecoverMode mode, const Control& control = {});
  /// Whether an interrupted restore waits for recover().
  [[nodiscard]] bool restore_pending() const;

  // Names.

  /// All tags, sorted by name.
  std::vector<TagInfo> tags();
  /// Names a checkpoint; durable on return. Throws bad_revision; usage for a name that could be taken for another revision, refused if it
  /// exists and not `force`.
  void tag(const std::string& name, std::string_view revision, bool force);
  /// Takes a name away. Throws bad_revision if there is no such tag.
  void remove_tag(const std::string& name);

  // Keeping.

  /// Forgets checkpoints: those named, or those that a policy does not keep. Pinned ones are kept, HEAD and the last one unless forced.
  /// Their content goes with the next gc; until then undo_forget() brings them back. Numbers and ancestry stay. Throws usage without
  /// revisions and policy, bad_revision; refused if what may not go was named.
  ForgetReport forget(const ForgetOptions& options);
  /// Whether the last thing that can be undone is a forget, or the undoing of one, and no restore.
  [[nodiscard]] bool forget_is_last();
  /// Brings back what the last forget took, or, called again, forgets it again. Throws bad_revision if there is nothing, refused if gc has
  /// released the content.
  ForgetReport undo_forget(bool dry_run = false, const Control& control = {});
  /// Keeps a checkpoint whatever policies say. Throws bad_revision.
  void pin(std::string_view revision);
  /// Takes that back. Throws bad_revision if it is not pinned.
  void unpin(std::string_view revision);
  /// All that are pinned, by rising number.
  std::vector<CheckpointInfo> pins();
  /// Gives back the space of what no checkpoint needs, and puts small packs and old records together. Writers wait for it. Throws locked,
  /// refused where it can't be known that nobody writes or a restore is pending, corrupt (nothing is removed then).
  GcReport gc(const GcOptions& options);

  /// Checks that the repository is sound. What is damaged is in the report, not thrown. Works on a repository that can only be read.
  VerifyReport verify(const VerifyOptions& options);

  /// The library's own.
  class Impl;
  /// For the library's own use.
  explicit Repository(std::unique_ptr<Impl> impl) noexcept;
  /// For the library's own use.
  [[nodiscard]] Impl& impl() noexcept { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

/// What the library is.
struct VersionInfo {
  std::string version;                                            ///< of the library
  std::uint32_t format = 1;                                       ///< newest format it reads and the one it writes
  std::vector<std::pair<std::string, std::string>> dependencies;  ///< name, version in use
};
/// Which version of the library, and of those below it, is in use.
METAMORI_API VersionInfo version();

}  // namespace metamori
