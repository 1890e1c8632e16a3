#pragma once

// One pass over the tree: every directory is a task that lists and stats its names, captures what changed, and, when all below it is done,
// writes its listing. Directories are finished bottom up, by whichever thread finishes last; nothing waits.

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/worker_pool.hpp"
#include "core/capture.hpp"
#include "core/clones.hpp"
#include "core/fingerprints.hpp"
#include "core/link_groups.hpp"
#include "core/read_meter.hpp"
#include "core/rules.hpp"
#include "core/safe_path.hpp"
#include "core/scan.hpp"
#include "core/stat_cache.hpp"

namespace metamori {

/// Thrown when the stat cache speaks of what is not in the store: the caller scans again without it.
struct CacheIsWrong {};

/// What all directories of a pass share. Members without a lock of their own are fixed before the walk starts.
struct WalkContext {
  Engine& engine;
  ScanStore store;
  const ScanOptions& options;
  WorkerPool& pool;
  StopCheck stop_check;
  std::shared_ptr<const StatCache> cache;
  Fingerprints& fingerprints;
  StatCacheWriter* cache_writer = nullptr;  ///< none: no update wanted
  std::unique_ptr<Clones> clones;           ///< null: everything is read at once
  Time started;
  std::int64_t started_ns = 0;  ///< by the steady clock
  std::uint64_t boot = 0;       ///< as boot_mark()
  std::uint64_t top_device = 0;

  LinkGroups& links;
  ReadMeter reads;
  std::atomic<std::uint64_t> files_captured{0};
  std::atomic<std::uint64_t> names_seen{0};
  std::atomic<std::uint64_t> names_differing{0};  ///< names that the cache did not have, or that only it had
  std::atomic<bool> in_motion{false};             ///< a directory changed since the pass started
  std::atomic<std::int64_t> progress_shown_ns{0};

  std::mutex mutex;  ///< guards what follows
  std::vector<PathVerdict> verdicts;
  std::map<std::string, std::string> reasons;
  std::vector<std::string> differing_directories;
  std::vector<std::string> skipped_repositories;
  std::vector<std::string> skipped_sockets;
  std::unordered_map<std::uint64_t, StampTrust> trust_by_device;
  Progress progress;
  std::optional<Root> base_root;

  struct Shared {
    WorkerPool& pool;
    Fingerprints& fingerprints;
    LinkGroups& links;
  };
  WalkContext(Engine& the_engine, ScanStore the_store, const ScanOptions& the_options, Shared shared);
  void note_verdict(const std::string& path, Verdict verdict, const std::string& reason, Live live = Live::no);
  StampTrust trust_of(int fd, std::uint64_t device);
  /// The parent's root, read when first needed: a whole scan of a readable tree goes without. Nothing if there is no parent.
  const std::optional<Root>& base();
  /// The entry at `path` in the parent's root.
  std::optional<Entry> previous(const std::string& path);
  [[nodiscard]] CaptureContext capture_context();
  /// Tells how far the pass is, at most ten times a second. `path`: what is being looked at; empty: the same as before.
  void show_progress(const std::string& path);
};

/// Where a walk starts.
struct WalkStart {
  std::string path;                             ///< relative to the tree's top; empty: the top itself
  int parent = -1;                              ///< descriptor of the directory that holds it (of the top itself, if path is empty)
  std::shared_ptr<const DirectoryScope> scope;  ///< of the directory at `path`
};

/// What a walk has found somewhere, or nothing; to be asked for, once, when the context's clones were read.
using Finding = std::function<std::optional<Entry>()>;

/// Captures the directory at `start` and all below it: on return all was looked at. The entry's name is empty. Nothing is found if it is
/// gone or a nested repository. Rethrows what the tasks threw.
Finding walk_directory(WalkContext& context, const WalkStart& start);

/// Captures one name that is not a directory, noting verdicts and links. Nothing is found if it vanished or is a socket. `previous content`
/// rules apply as for any file.
Finding capture_single(WalkContext& context, int dir, const std::string& name, const std::string& path, const FileStat& look);

/// Text of the ignore file in the open directory `dir`, whose path is `directory`, if there is one that can be read. Throws refused if it
/// is too large.
std::optional<std::string> read_ignore_file(System& system, int dir, const std::string& directory);

}  // namespace metamori
