#pragma once

// The walk over the tree: what is there now, captured into chunks. One walk serves checkpoint, safety checkpoint, status and diff against
// the tree.

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/engine.hpp"
#include "core/paths.hpp"
#include "objects/directory.hpp"
#include "objects/record.hpp"

namespace metamori {

class HeldStill;

struct ScanOptions {
  std::vector<std::string> scope;    ///< only these paths (tracked or not is decided by the rules); empty: the whole tree
  std::optional<ChunkId> base_root;  ///< the parent's root: previous content of unreadable files, and the rest of the tree in a scoped scan
  CheckMode check = CheckMode::automatic;
  OnTorn on_torn = OnTorn::mark;
  std::uint32_t retries = 3;
  bool one_file_system = false;
  bool look_for_writers = false;
  bool is_kept = true;  ///< false: what is found is only looked at, and no cache is prepared for it
  Control control;
};

/// Subtrees to put into a root: an entry (its name is taken from the path), or nothing where the path is to go.
using Grafts = std::map<std::string, std::optional<Entry>, WalkOrder>;

struct ScanTotals {
  std::uint64_t bytes_read = 0;
  std::uint64_t files_captured = 0;  ///< read anew
  std::uint64_t files_cloned = 0;    ///< of them, read from clones when writers were let go
};

struct ScanResult {
  ChunkId root;
  Root root_node;
  void set_root(StoredRoot stored) {
    root = stored.id;
    root_node = std::move(stored.node);
  }
  std::vector<PathVerdict> verdicts;             ///< sorted by path; all that is not clean and at rest
  [[nodiscard]] bool is_clean() const noexcept;  ///< but for files that are open for writing
  std::map<std::string, std::string> reasons;    ///< of unreadable paths
  std::vector<std::string> skipped_repositories;
  std::vector<std::string> skipped_sockets;
  std::string rules;  ///< text in force
  Time start, end;
  ScanTotals totals;
  /// What a scoped scan replaced: an entry, or nothing where the path is gone; also names outside the scope of files that have others
  /// inside. Lets the result be put into another root (`graft`).
  Grafts grafts;
  LinkTable scope_links;
};

/// Where the scan puts chunks and reads the older ones from.
struct ScanStore {
  ChunkSink& sink;
  ChunkSource& source;
};

class TreeScan {
 public:
  TreeScan(Engine& engine, ScanStore store, ScanOptions options);
  ~TreeScan();
  /// Throws torn with OnTorn::fail, io when the top can't be read, interrupted, timed_out. What `held` holds still it holds while the tree
  /// is looked at, and not while what was cloned meanwhile is read; also no more when this returns. May be null.
  ScanResult run(HeldStill* held = nullptr);
  /// Captures `paths` as well, although they are untracked, and puts them into `result`'s root; of a directory only what it is itself,
  /// without what is in it. Paths that don't exist are left out.
  void add_untracked(ScanResult& result, const std::vector<std::string>& paths);
  /// Puts the new stat cache in place; call only after what was scanned is published. Never throws for a cache that can't be written.
  void save_cache();
  /// What stat told of `path` when its content was captured or found unchanged; nothing if the scan did not see it. Costs a look-up; for
  /// restore's check that nothing changed since.
  std::optional<FileStat> captured_stat(std::string_view path) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// `top`, a tree's top directory, with each path of `grafts` replaced by the entry (its name is taken from the path) or removed. A path may
/// lie below another one, in what that gives. Missing directories on the way are taken from `make_parent`.
Entry graft(ScanStore store, Entry top, const Grafts& grafts, const std::function<Entry(const std::string& path)>& make_parent);
/// Whether `path` is one of those of `grafts` or below one.
bool is_grafted(const Grafts& grafts, std::string_view path);
/// The entry that `grafts` give a path for which is_grafted(), or nothing.
std::optional<Entry> find_grafted(ChunkSource& source, const Grafts& grafts, std::string_view path);
/// What is left of `links` when `grafts` are put in: nothing that they replace, and nothing that becomes a directory on the way to them.
LinkTable links_beside(const LinkTable& links, const Grafts& grafts);
/// Both together. A path must not be in groups of both.
LinkTable joined_links(LinkTable a, const LinkTable& b);

enum class ScratchKeeps {
  what_is_new,  ///< what the store does not hold
  all           ///< also what it holds, which may be damaged there
};

/// A sink for looking only: keeps list, directory and other chunks in memory, drops data. Reads fall through to the store.
class ScratchChunks final : public ChunkSink, public ChunkSource {
 public:
  explicit ScratchChunks(ChunkStore& store, ScratchKeeps keeps = ScratchKeeps::what_is_new);
  ~ScratchChunks() override;
  void put_known(const ChunkId& id, ByteView raw, Kind kind, const BaseList& like) override;
  void read(const ChunkId& id, Bytes& out) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace metamori
