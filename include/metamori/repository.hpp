#pragma once

// The library's front door. A Repository is one opened `.metamori`; it may be moved, and used by one thread at a time (its operations use
// several inside). Several processes, and several Repository objects, may work on one repository at once.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "metamori/changes.hpp"
#include "metamori/checkpoint.hpp"
#include "metamori/error.hpp"
#include "metamori/log.hpp"
#include "metamori/restore.hpp"

namespace metamori {

struct InitOptions {
  std::string directory = ".";                ///< top of the tree; made if missing
  std::optional<std::string> repository_dir;  ///< keep the repository there; `.metamori` becomes a pointer to it
  bool shared = false;                        ///< writable by the directory's group
  bool exist_ok = false;                      ///< an existing repository is fine
};

struct OpenOptions {
  std::string start_directory = ".";          ///< looked for here and upwards
  std::optional<std::string> repository_dir;  ///< take this one (a `.metamori` directory, or a directory that holds one)
};

struct VerifyOptions {
  bool data = false;                   ///< read and hash every chunk, too
  std::uint32_t sample_percent = 100;  ///< of the data, with `data`
  Control control;
};
struct VerifyProblem {
  std::string kind;   ///< format, pack, chunk, record, reference, restore
  std::string where;  ///< file, and chunk or path
  std::string message;
  std::vector<CheckpointInfo> affects;  ///< checkpoints that can't be restored in full
};
struct VerifyReport {
  std::uint64_t checkpoints = 0;
  std::uint64_t packs = 0;
  std::uint64_t chunks = 0;
  std::uint64_t checked_bytes = 0;
  std::vector<VerifyProblem> problems;
  double seconds = 0;
  [[nodiscard]] bool ok() const noexcept { return problems.empty(); }
};

struct TagInfo {
  std::string name;
  CheckpointInfo checkpoint;
};

class METAMORI_API Repository {
 public:
  /// Makes a repository. Throws refused if there is one (unless exist_ok), usage inside another's `.metamori`, unsupported if the file
  /// system can neither rename without replacing nor link.
  static Repository init(const InitOptions& options);
  /// Throws no_repository; unsupported for a newer format; refused if it belongs to another user and is not shared.
  static Repository open(const OpenOptions& options);
  Repository(Repository&&) noexcept;
  Repository& operator=(Repository&&) noexcept;
  ~Repository();

  /// Absolute path of the tree's top, and of the repository.
  [[nodiscard]] const std::string& tree_directory() const noexcept;
  [[nodiscard]] const std::string& repository_directory() const noexcept;
  /// `path` (absolute, or relative to `base`, itself absolute) as a path in the tree, lexically: `.` and `..` are resolved, links are not
  /// followed. Throws usage if it is outside.
  [[nodiscard]] std::string tree_path(std::string_view path, std::string_view base) const;

  // Tracking rules.
  [[nodiscard]] std::vector<std::string> rules() const;
  /// Adds patterns at the end (`untrack`: negated). Returns whether this was the first `track`, after which only what rules name is
  /// tracked.
  bool track(const std::vector<std::string>& patterns);
  bool untrack(const std::vector<std::string>& patterns);

  /// Throws refused while a restore is pending; torn with OnTorn::fail; no_space, io, interrupted, timed_out: then nothing was published.
  CheckpointReport checkpoint(const CheckpointOptions& options);
  StatusReport status(const Control& control = {});

  // Looking. Each throws bad_revision for a revision that is unknown or ambiguous.
  CheckpointInfo resolve(std::string_view revision);
  /// As resolve, with verdicts, scope and rules.
  CheckpointInfo show(std::string_view revision);
  std::vector<CheckpointInfo> log(const LogOptions& options);
  /// Calls `visit` for each, newest first, as they are found, until it returns false.
  void log(const LogOptions& options, const std::function<bool(const LogEntry&)>& visit);
  /// Calls `visit` for `path` in the checkpoint: a directory's names (all below it, with `recursive`), or the one thing it is. In order.
  /// Throws usage if there is no such path.
  void list(std::string_view revision, std::string_view path, bool recursive, const std::function<void(const NodeInfo&)>& visit);
  /// Content of a file, from `offset`, at most `length` bytes, in pieces, in order; holes as zeros. Throws usage if it is not a file.
  void read(std::string_view revision, std::string_view path, std::uint64_t offset, std::optional<std::uint64_t> length,
            const std::function<void(ByteView)>& receive);
  DiffReport diff(const DiffOptions& options);
  /// Shortest unique prefix of an id, at least 8 digits.
  std::string short_id(const CheckpointId& id);

  // Putting back.
  RestoreReport restore(const RestoreOptions& options);
  /// Undoes the last restore in place (and a second time, the undoing). Throws bad_revision if there is nothing to undo.
  RestoreReport undo(const RestoreOptions& options);
  RecoverReport recover(RecoverMode mode, const Control& control = {});
  /// Whether an interrupted restore waits for recover().
  [[nodiscard]] bool restore_pending() const;

  // Names.
  std::vector<TagInfo> tags();
  /// Throws usage for a name that could be taken for another revision, refused if it exists and not `force`.
  void tag(const std::string& name, std::string_view revision, bool force);
  void remove_tag(const std::string& name);

  VerifyReport verify(const VerifyOptions& options);

  class Impl;
  /// For the library's own use.
  explicit Repository(std::unique_ptr<Impl> impl) noexcept;

 private:
  std::unique_ptr<Impl> impl_;
};

struct VersionInfo {
  std::string version;                                            ///< of the library
  std::uint32_t format = 1;                                       ///< newest format it reads and the one it writes
  std::vector<std::pair<std::string, std::string>> dependencies;  ///< name, version in use
};
METAMORI_API VersionInfo version();

}  // namespace metamori
