#pragma once

// What a simulated disk holds, and the operations that change it. The running system and the states after a crash are both made by applying
// the same operations, so they can't disagree about what an operation does.

#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "metamori/types.hpp"

namespace metamori::test {

inline constexpr std::uint64_t kPageBytes = 4096;
inline constexpr std::uint64_t kSectorBytes = 512;

using Page = std::array<std::byte, kPageBytes>;
/// Never changed once shared: a write makes a new page.
using PagePtr = std::shared_ptr<const Page>;

/// Position in the table of inodes; never used twice, unlike the inode numbers that stat tells.
using InodeId = std::size_t;
inline constexpr InodeId kRootInode = 0;
inline constexpr InodeId kNoInode = std::numeric_limits<InodeId>::max();

struct SimInode {
  std::uint64_t number = 0;  ///< what stat tells; used again after the file is gone, as ext4 does
  std::uint32_t mode = 0;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint32_t device_major = 0;
  std::uint32_t device_minor = 0;
  std::uint32_t link_count = 0;
  Time mtime;
  Time ctime;
  std::map<std::string, Bytes> attributes;
  std::uint64_t size_bytes = 0;
  std::map<std::uint64_t, PagePtr> pages;  ///< of a regular file; what is missing is a hole
  std::string link_target;                 ///< of a symbolic link
  std::map<std::string, InodeId> entries;  ///< of a directory, without `.` and `..`
  InodeId parent = kNoInode;               ///< of a directory
};

/// The bytes [begin, end) of one page take the values they have in `after`; no page: the whole page becomes a hole.
struct PageWrite {
  InodeId file;
  std::uint64_t page;
  std::uint64_t begin;
  std::uint64_t end;
  PagePtr after;
};

struct SizeChange {
  InodeId file;
  std::uint64_t size_bytes;
};

/// What is set is changed; `attribute` without a value is removed.
struct AttributeChange {
  InodeId inode;
  std::optional<std::uint32_t> mode;
  std::optional<std::uint32_t> uid;
  std::optional<std::uint32_t> gid;
  std::optional<Time> mtime;
  std::optional<Time> ctime;
  std::optional<std::string> attribute;
  std::optional<Bytes> value;
};

enum class NameChangeKind { make, remove, move, exchange };

/// `make` and `remove` use the first place. `move` takes `inode` from the first place to the second, which may hold something else before.
struct NameChange {
  NameChangeKind kind;
  InodeId dir;
  std::string name;
  InodeId inode;
  InodeId to_dir = kNoInode;
  std::string to_name;
  InodeId other = kNoInode;  ///< of `exchange`: what is in the second place
  Time time;
  [[nodiscard]] bool has_two_places() const noexcept { return to_dir != kNoInode; }
  [[nodiscard]] bool crosses_directories() const noexcept { return has_two_places() && to_dir != dir; }
};

/// An inode comes into being, without a name yet.
struct Birth {
  InodeId inode;
  std::shared_ptr<const SimInode> first_state;
};

using Operation = std::variant<PageWrite, SizeChange, AttributeChange, NameChange, Birth>;

/// The inodes. Copies are cheap: they share what neither changes.
class SimDisk {
 public:
  SimDisk();
  [[nodiscard]] bool exists(InodeId id) const noexcept { return id < inodes_.size() && inodes_[id] != nullptr; }
  [[nodiscard]] const SimInode& inode(InodeId id) const { return *inodes_.at(id); }
  [[nodiscard]] InodeId next_id() const noexcept { return inodes_.size(); }
  [[nodiscard]] std::optional<InodeId> find(InodeId dir, const std::string& name) const;
  void apply(const Operation& operation);
  /// As a move that made the new name but did not remove the old one.
  void apply_keeping_source(const NameChange& change);
  void drop(InodeId id) { inodes_[id] = nullptr; }
  /// What fsck does: counts links, drops what can't be reached, cuts what lies behind the end of files, gives doubled inode numbers anew.
  void repair();
  /// Of everything that can be seen: equal disks have equal hashes.
  [[nodiscard]] std::uint64_t hash() const;
  [[nodiscard]] std::uint64_t used_bytes() const;
  [[nodiscard]] std::uint64_t inode_count() const;
  /// Of every inode there is.
  [[nodiscard]] std::vector<std::uint64_t> inode_numbers() const;

 private:
  SimInode& changed(InodeId id);
  void apply_one(const PageWrite& write);
  void apply_one(const SizeChange& change);
  void apply_one(const AttributeChange& change);
  void apply_one(const NameChange& change);
  void apply_one(const Birth& birth);
  void set_entry(InodeId dir, const std::string& name, InodeId inode, Time time);
  void clear_entry(InodeId dir, const std::string& name, InodeId inode, Time time);
  void lose_link(InodeId id, Time time);

  std::vector<std::shared_ptr<SimInode>> inodes_;
};

}  // namespace metamori::test
