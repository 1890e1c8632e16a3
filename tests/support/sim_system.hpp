#pragma once

// A POSIX file system in memory behind the System seam, with a clock that only moves when something happens, and a log of what has become
// durable. Calls answer as the kernel's do for root on ext4 (tests/unit/sim_model.cpp compares the two). Left out: permission checks (bits
// are kept, not enforced), access times, naming what O_TMPFILE made. What a power cut may leave is told in sim_log.hpp:
//
//   SimSystem disk;
//   run(disk);
//   for (std::size_t k = 0; k <= disk.event_count(); ++k)
//     for (const CrashVariant& variant : crash_variants(3)) check(*disk.crash_state(k, variant));

#include <fcntl.h>

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/bytes.hpp"
#include "base/system.hpp"
#include "tests/support/sim_log.hpp"

namespace metamori::test {

/// All that tests compare of a file.
struct NodeDescription {
  std::uint32_t mode = 0;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint32_t device_major = 0;
  std::uint32_t device_minor = 0;
  std::uint32_t link_count = 0;
  Time mtime;
  Bytes content;            ///< of a regular file
  std::string link_target;  ///< of a symbolic link
  std::map<std::string, Bytes> attributes;
  friend bool operator==(const NodeDescription& a, const NodeDescription& b) noexcept {
    const auto plain = [](const NodeDescription& node) {
      return std::tie(node.mode, node.uid, node.gid, node.device_major, node.device_minor, node.link_count, node.mtime, node.link_target,
                      node.attributes);
    };
    return plain(a) == plain(b) && as_text(a.content) == as_text(b.content);  // as text, because vectors of bytes are compared one by one
  }
};
using TreeDescription = std::map<std::string, NodeDescription>;

/// What can be set before or between calls.
struct SimOptions {
  static constexpr std::uint64_t kUnlimited = 1ULL << 50;  ///< what is there is not even counted
  std::uint64_t seed = 1;                                  ///< of random(), and of the order in which directories list their names
  std::int64_t tick_ns = 1'000'000;                        ///< how far the clock moves on with each change
  std::int64_t granularity_ns = 1;                         ///< times of files are rounded down to a multiple: the kernel's tick
  std::uint64_t capacity_bytes = kUnlimited;
  std::uint64_t capacity_inodes = kUnlimited;
  std::uint64_t file_system_type = 0xef53;  ///< ext4
  std::uint32_t umask = 022;
  bool read_only = false;
  bool reflinks = false;
  bool rename_no_replace = true;  ///< false: no flags for rename, as on NFS (-EINVAL)
  bool reuse_inode_numbers = true;
  Identity identity{"simulated", "00000000-0000-0000-0000-000000000001", 4242, 0};
};

class SimSystem final : public System {
 public:
  explicit SimSystem(SimOptions options = {});
  ~SimSystem() override;

  // For tests.
  /// Changes options in the middle of a test.
  void configure(const std::function<void(SimOptions&)>& change);
  void advance_clock(std::int64_t nanoseconds);  ///< backwards too
  /// Everything so far is durable; events count from 0 again.
  void make_durable();
  [[nodiscard]] std::size_t event_count() const;
  /// What event `event` was, for messages.
  [[nodiscard]] std::string event_name(std::size_t event) const;
  /// A machine that has booted after the power was lost when `events` events had happened. The events of the new one count from 0.
  [[nodiscard]] std::unique_ptr<SimSystem> crash_state(std::size_t events, const CrashVariant& variant) const;
  /// The same machine and clock a moment later, for trying several things from one state. Nothing is open.
  [[nodiscard]] std::unique_ptr<SimSystem> copy() const;
  /// Of everything on the disk.
  [[nodiscard]] std::uint64_t disk_hash() const;
  /// As SimLog::losable_count.
  [[nodiscard]] std::size_t losable_count(std::size_t events) const;
  [[nodiscard]] std::size_t open_count() const;
  [[nodiscard]] std::size_t mapping_count() const;

  // Trees, simply. Paths are absolute; these throw std::runtime_error if they can't, and count as events. (sim_trees.cpp)
  void make_directories(const std::string& path);
  /// Makes the directories above too.
  void write_file(const std::string& path, ByteView bytes, std::uint32_t mode = 0644);
  void write_file(const std::string& path, std::string_view text, std::uint32_t mode = 0644);
  [[nodiscard]] Bytes read_file(const std::string& path) const;
  [[nodiscard]] bool exists(const std::string& path) const;
  void remove_tree(const std::string& path);
  /// Every path below `path`, relative to it, without `path` itself.
  [[nodiscard]] TreeDescription tree(const std::string& path = "/") const;
  /// `path` itself.
  [[nodiscard]] NodeDescription node(const std::string& path) const;

  int open_at(int dir, const char* name, int flags, std::uint32_t mode) override;
  int open_beneath(int dir, const char* path, int flags, std::uint32_t mode) override;
  int close(int fd) override;
  std::int64_t read_at(int fd, std::span<std::byte> buffer, std::uint64_t offset) override;
  std::int64_t write_at(int fd, ByteView bytes, std::uint64_t offset) override;
  int truncate(int fd, std::uint64_t size) override;
  std::int64_t seek_data(int fd, std::uint64_t offset) override;
  std::int64_t seek_hole(int fd, std::uint64_t offset) override;
  int punch_hole(int fd, std::uint64_t offset, std::uint64_t length) override;
  int clone_from(int fd, int source) override;
  int map(int fd, std::uint64_t size, const std::byte*& address) override;
  void unmap(const std::byte* address, std::uint64_t size) override;
  int drop_cache(int fd) override;
  int sync(int fd) override;
  int sync_file_system(int fd) override;
  int clean_pages(int fd) override;
  int start_writeback(int fd, std::uint64_t offset, std::uint64_t length) override;
  int stat(int fd, FileStat& result) override;
  int stat_at(int dir, const char* name, FileStat& result) override;
  int set_mode(int fd, std::uint32_t mode) override;
  int set_mode_at(int dir, const char* name, std::uint32_t mode) override;
  int set_owner_at(int dir, const char* name, std::uint32_t uid, std::uint32_t gid) override;
  int set_owner(int fd, std::uint32_t uid, std::uint32_t gid) override;
  int set_mtime(int fd, Time mtime) override;
  int set_mtime_at(int dir, const char* name, Time mtime) override;
  std::int64_t list_attributes(int dir, const char* name, std::span<std::byte> buffer) override;
  std::int64_t get_attribute(int dir, const char* name, const char* attribute, std::span<std::byte> buffer) override;
  int set_attribute(int dir, const char* name, const char* attribute, ByteView value) override;
  int remove_attribute(int dir, const char* name, const char* attribute) override;
  std::int64_t read_directory(int fd, std::span<std::byte> buffer) override;
  int rewind_directory(int fd) override;
  int make_directory(int dir, const char* name, std::uint32_t mode) override;
  int remove_file(int dir, const char* name) override;
  int remove_directory(int dir, const char* name) override;
  int rename(int from_dir, const char* from, int to_dir, const char* to, RenameMode mode) override;
  int link(int from_dir, const char* from, int to_dir, const char* to) override;
  int make_symlink(const char* target, int dir, const char* name) override;
  std::int64_t read_symlink(int dir, const char* name, std::span<std::byte> buffer) override;
  int make_node(int dir, const char* name, std::uint32_t mode, std::uint32_t major, std::uint32_t minor) override;
  int lock(int fd, LockMode mode) override;
  int file_system_info(int fd, FileSystemInfo& result) override;
  int probe_writers(int fd) override;
  Time now() override;
  std::int64_t monotonic_ns() override;
  void sleep_ns(std::int64_t duration) override;
  void random(std::span<std::byte> buffer) override;
  Identity identity() override;
  std::string user_name(std::uint32_t uid) override;
  std::string group_name(std::uint32_t gid) override;

 private:
  struct Listed {
    std::string name;
    InodeId inode;
  };
  /// An open file description.
  struct OpenFile {
    InodeId inode = kNoInode;
    int flags = 0;
    std::vector<Listed> listing;  ///< of a directory, as it was at the first read
    bool listed = false;
    std::size_t position = 0;
    LockMode lock = LockMode::unlock;
    [[nodiscard]] bool is_path_only() const noexcept { return (flags & O_PATH) != 0; }
    [[nodiscard]] bool can_read() const noexcept { return !is_path_only() && (flags & O_ACCMODE) != O_WRONLY; }
    [[nodiscard]] bool can_write() const noexcept { return !is_path_only() && (flags & O_ACCMODE) != O_RDONLY; }
  };
  /// Where a path leads: `dir` and `name` are the last component's (empty for the root), `inode` what is there, if anything.
  struct Target {
    int error = 0;
    InodeId dir = kNoInode;
    std::string name{};
    InodeId inode = kNoInode;
    bool trailing_slash = false;  ///< only with Links::names
    [[nodiscard]] bool exists() const noexcept { return inode != kNoInode; }
  };
  enum class Links {
    follow_all,
    create,          ///< all, but a slash at the end of it or of a link is refused: for O_CREAT
    follow_parents,  ///< the last component too, if a slash follows it
    names,           ///< never the last component: for calls that change names
    refuse,
  };
  struct NewInode {
    std::uint32_t mode = 0;
    std::uint32_t major = 0;
    std::uint32_t minor = 0;
    std::string link_target{};
  };

  SimSystem(SimOptions options, SimDisk disk, std::int64_t clock_ns);
  // All of these expect the mutex to be held.
  [[nodiscard]] OpenFile* find_open(int fd) const;
  [[nodiscard]] Target resolve(int dir, std::string_view path, Links links) const;
  [[nodiscard]] Target walk(InodeId start, std::string_view path, Links links, int& links_left) const;
  [[nodiscard]] int start_of(int dir, std::string_view path, InodeId& start) const;
  /// As resolve, for the forms that take a descriptor and perhaps an empty name.
  [[nodiscard]] Target resolve_or_open(int dir, const char* name) const;
  int open_target(const Target& target, int flags);
  int open_nameless(const Target& directory, int flags, std::uint32_t mode);
  int check_open(const Target& target, int flags) const;
  int check_open_fifo(InodeId inode, int flags) const;
  int open_with(int dir, std::string_view path, int flags, std::uint32_t mode, Links links);
  InodeId make_inode(const Target& target, const NewInode& what);
  int check_room_for(const NewInode& what) const;
  int make_name(const Target& target, const NewInode& what, const char* event);
  int check_new_name(const Target& target, bool directory) const;
  int check_rename(const Target& source, const Target& target, RenameMode mode) const;
  int remove_name(int dir, const char* name, bool directory);
  int change_attributes(const Target& target, AttributeChange change, const char* event);
  [[nodiscard]] std::optional<std::uint32_t> mode_after_chown(const SimInode& inode) const;
  void fill_stat(InodeId id, FileStat& result) const;
  void begin_event(std::string name);
  void apply(Operation operation);
  void touch(InodeId inode);
  void release_if_unused(InodeId inode);
  int change_size(InodeId inode, std::uint64_t size, const char* event);
  std::uint64_t put_bytes(InodeId inode, ByteView bytes, std::uint64_t offset);
  void put_page(InodeId inode, std::uint64_t page, std::uint64_t begin, std::uint64_t end, PagePtr after);
  [[nodiscard]] std::uint64_t free_pages() const;
  [[nodiscard]] std::uint64_t free_inodes() const;
  [[nodiscard]] Time file_time() const;
  [[nodiscard]] const SimInode* regular_file(const OpenFile& file) const;
  [[nodiscard]] InodeId find_path(const std::string& path) const;
  static NodeDescription described(const SimInode& inode);
  void describe(InodeId dir, const std::string& prefix, TreeDescription& result) const;

  mutable std::mutex mutex_;
  SimOptions options_;
  SimDisk disk_;
  SimLog log_;
  std::int64_t clock_ns_;
  std::int64_t monotonic_ns_ = 0;
  std::mt19937_64 random_;
  std::vector<std::unique_ptr<OpenFile>> open_files_;  ///< index: descriptor - kFirstDescriptor
  std::map<InodeId, std::size_t> open_counts_;
  std::set<std::uint64_t> free_numbers_;
  std::uint64_t next_number_;
  std::map<const std::byte*, std::unique_ptr<std::byte[]>> mappings_;
};

}  // namespace metamori::test
