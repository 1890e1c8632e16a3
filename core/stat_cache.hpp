#pragma once

// The stat cache, `cache/stat` and `cache/stat-<n>`: what stat told of every path when its content was captured, and the listing that holds
// that content. Block files (core/block_file.hpp) with a block for each directory, found by the hash of its path: `BlockHeader`, then
// entries, path, names. `stat` has all directories; `stat-1` and following have those that changed since, so that a scan writes what
// changed and not everything. The highest number is the newest; of a directory the newest block counts. Every block is true by itself,
// whatever became of the others: an older one only spares less work.

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/block_file.hpp"
#include "objects/stream.hpp"

namespace metamori {

/// What is compared to tell that a file did not change.
struct StatKey {
  std::uint64_t inode = 0;
  std::uint64_t size_bytes = 0;  ///< of directories: the first 8 bytes of the listing's id (0: empty), as the parent's listing has it
  std::int64_t mtime_seconds = 0;
  std::int64_t ctime_seconds = 0;
  std::uint32_t mtime_nanoseconds = 0;
  std::uint32_t ctime_nanoseconds = 0;
  std::uint32_t mode = 0;
  std::uint32_t link_count = 0;
  friend bool operator==(const StatKey&, const StatKey&) = default;
};
StatKey stat_key(const FileStat& stat);

/// Tells this run of the machine from others; 0 if it can't be told. After a power cut a file may hold bytes that were written since it was
/// captured and yet have the times it had then, so that equal stat means equal content only until the machine starts again.
std::uint64_t boot_mark(System& system);

/// One name of a cached directory.
struct CachedEntry {
  StatKey key;
  std::uint32_t name_end = 0;  ///< in the block's names
  std::uint32_t sound = 0;     ///< 1: equal stat means equal content
};
static_assert(sizeof(CachedEntry) == 56);

/// A directory as it was captured. A view into the mapped cache, valid as long as the StatCache.
class CachedDirectory {
 public:
  [[nodiscard]] std::string_view path() const noexcept;
  [[nodiscard]] const StatKey& self() const noexcept;
  [[nodiscard]] std::uint64_t device() const noexcept;
  /// When it was captured: as boot_mark().
  [[nodiscard]] std::uint64_t boot() const noexcept;
  [[nodiscard]] bool self_sound() const noexcept;
  [[nodiscard]] StreamRef listing() const noexcept;
  [[nodiscard]] std::uint64_t entries_below() const noexcept;
  [[nodiscard]] std::uint64_t files_below() const noexcept;
  [[nodiscard]] std::uint64_t bytes_below() const noexcept;
  [[nodiscard]] std::size_t entry_count() const noexcept;
  [[nodiscard]] const CachedEntry& entry(std::size_t index) const noexcept;
  [[nodiscard]] std::string_view name(std::size_t index) const noexcept;
  /// Index of `name`, found by bisection.
  [[nodiscard]] std::optional<std::size_t> find(std::string_view name) const noexcept;
  [[nodiscard]] ByteView block() const noexcept { return block_; }
  /// Whether it is in a cache that was put in place, not just in what a scan has written so far.
  [[nodiscard]] bool is_in_place() const noexcept { return is_in_place_; }

 private:
  friend class StatCache;
  CachedDirectory(ByteView block, bool is_in_place) noexcept : block_(block), is_in_place_(is_in_place) {}
  ByteView block_;
  bool is_in_place_;
};

/// Thread-safe for reading.
class StatCache {
 public:
  /// Empty if there is none that can be believed.
  static std::shared_ptr<const StatCache> open(Engine& engine);
  static std::shared_ptr<const StatCache> none();
  [[nodiscard]] std::optional<CachedDirectory> find(std::string_view path) const;
  [[nodiscard]] bool is_empty() const noexcept { return levels_.empty(); }
  /// Each directory once; damaged blocks are left out.
  [[nodiscard]] std::vector<CachedDirectory> all() const;
  /// Puts in place what it says of directories whose listings are still there, after gc made it one that is not believed. Never throws for
  /// a cache that can't be written.
  void carry_over(Engine& engine, const std::function<bool(const StreamRef& listing)>& is_there) const;

 private:
  friend class StatCacheWriter;
  std::vector<std::shared_ptr<const BlockFile>> levels_;  ///< newest first
  std::size_t pending_count_ = 0;                         ///< of them, that are not in place
};

/// What a scan tells of one directory.
struct DirectoryToCache {
  std::string_view path;
  StatKey self;
  std::uint64_t device = 0;
  bool self_sound = false;
  StreamRef listing;
  std::uint64_t entries_below = 0, files_below = 0, bytes_below = 0;
  std::vector<CachedEntry> entries;  ///< sorted by name
  std::string names;                 ///< one after another
};

/// Writes what a scan finds over the cache that it compares with. Thread-safe.
class StatCacheWriter {
 public:
  StatCacheWriter(Engine& engine, std::shared_ptr<const StatCache> before);
  void add(const DirectoryToCache& directory);
  /// The directory is as it was; `directory` is of the cache before. What is neither added nor kept is forgotten some day.
  void keep(const CachedDirectory& directory);
  /// What was added or kept under `path`. After finish(), and when nothing is added or kept any more.
  [[nodiscard]] std::optional<CachedDirectory> find_seen(std::string_view path);
  /// The cache can then be read, and be put in place.
  std::shared_ptr<const StatCache> finish();
  /// Costs what was added, and now and then, when that has become much, all of it. Nothing is done if nothing was added.
  void put_in_place();

 private:
  void add_block(std::string_view path, ByteView block);
  void merge();

  Engine& engine_;
  std::shared_ptr<const StatCache> before_;
  std::uint64_t boot_;
  std::mutex mutex_;
  std::unique_ptr<BlockFileWriter> file_;  ///< from the first block on
  std::uint64_t added_bytes_ = 0;
  std::vector<CachedDirectory> kept_;
  bool is_sorted_ = false;  ///< kept_, by path
  std::shared_ptr<const StatCache> finished_;
};

}  // namespace metamori
