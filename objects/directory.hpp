#pragma once

// Directory listings and the root. docs/format.md, sections 7 and 8.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "objects/stream.hpp"

namespace metamori {

enum class EntryType : std::uint8_t { file = 1, directory = 2, symlink = 3, fifo = 4, char_device = 5, block_device = 6 };

struct Owner {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::string user;
  std::string group;
  friend auto operator<=>(const Owner&, const Owner&) = default;
};

struct Attribute {
  std::string name;
  Bytes value;
  friend auto operator<=>(const Attribute&, const Attribute&) = default;
};

/// Whether a directory may hold that name: 1 to 255 bytes, no `/`, no NUL, not `.`, `..` or `.metamori`.
bool is_entry_name(std::string_view name) noexcept;
/// Whether it is one or more such names joined by `/`.
bool is_entry_path(std::string_view path) noexcept;

/// Everything that is kept of one name.
struct Entry {
  std::string name;
  EntryType type = EntryType::file;
  bool content_unknown = false;  ///< could not be read, and no older content
  std::uint32_t mode = 0;        ///< lower 12 bits of st_mode
  Owner owner;
  Time mtime;
  StreamRef content;                ///< of a file; of a directory: its listing
  std::uint64_t unknown_size = 0;   ///< of a file whose content is unknown
  std::uint64_t entries_below = 0;  ///< of a directory, at any depth
  std::uint64_t files_below = 0;    ///< of a directory: regular files among them
  std::uint64_t bytes_below = 0;    ///< of a directory: sizes of all files below
  std::string target;               ///< of a symbolic link
  std::uint32_t device_major = 0;
  std::uint32_t device_minor = 0;
  std::vector<Attribute> attributes;          ///< sorted by name; empty when attribute_stream is used
  std::optional<StreamRef> attribute_stream;  ///< a set too large to stand inline
  [[nodiscard]] std::uint64_t size_bytes() const noexcept { return content_unknown ? unknown_size : content.length; }
  friend bool operator==(const Entry&, const Entry&) = default;
};

/// What is below a directory, at any depth. Sums end at 2^64 - 1.
struct BelowTotals {
  std::uint64_t entries = 0;
  std::uint64_t files = 0;  ///< regular ones among them
  std::uint64_t bytes = 0;  ///< of all files
  /// An entry, and what it says is below it.
  void add(const Entry& entry) noexcept;
  void add(const BelowTotals& part) noexcept;
  friend bool operator==(const BelowTotals&, const BelowTotals&) = default;
};
/// As the entry of a directory tells it.
BelowTotals below(const Entry& directory) noexcept;

/// Moves `attributes` (sorted here; names are different) into the entry, inline or as a stream as section 7 demands. Throws unsupported if
/// they exceed what the format holds.
void set_attributes(Entry& entry, std::vector<Attribute> attributes, ChunkSink& sink);
std::vector<Attribute> get_attributes(const Entry& entry, ChunkSource& source);

/// Takes entries sorted by name; disorder and names that are no entry names are our own bugs and end the process. Memory: one open chunk
/// per level.
class DirectoryBuilder {
 public:
  explicit DirectoryBuilder(ChunkSink& sink);
  ~DirectoryBuilder();
  DirectoryBuilder(const DirectoryBuilder&) = delete;
  DirectoryBuilder& operator=(const DirectoryBuilder&) = delete;
  void add(const Entry& entry);
  struct Result {
    StreamRef listing;
    std::uint64_t entries_below = 0;
    std::uint64_t files_below = 0;
    std::uint64_t bytes_below = 0;
  };
  Result finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Walks a listing in order; holds one leaf. Lazy: a node or leaf is read when something in it is asked for, so what is skipped is never
/// read. Every member that may read throws corrupt. The entry told by current() is overwritten by the next move.
class DirectoryCursor {
 public:
  DirectoryCursor(ChunkSource& source, const StreamRef& listing);
  ~DirectoryCursor();
  DirectoryCursor(DirectoryCursor&&) noexcept;
  [[nodiscard]] bool at_end() const noexcept;
  /// The entry at the cursor, or nothing at the end. Reads down to it.
  [[nodiscard]] const Entry* current() const;
  void next();
  /// Moves to the first entry whose name is >= `name`, backwards too, without reading what lies before.
  void seek(std::string_view name);
  /// A leaf (level 0) or node that starts exactly at the cursor.
  struct Subtree {
    std::uint8_t level = 0;
    ChunkId id;
    std::uint64_t entry_count = 0;
    friend bool operator==(const Subtree&, const Subtree&) = default;
  };
  /// Those known to start at the cursor, highest first. Reads nothing: after current() they are all of them, before it those below the last
  /// may be missing.
  [[nodiscard]] std::vector<Subtree> subtrees_here() const;
  /// Moves past a subtree told by subtrees_here(), unread.
  void skip(const Subtree& subtree);

 private:
  friend void skip_shared(DirectoryCursor& a, DirectoryCursor& b);
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Moves both cursors past the leaves and nodes they share from here on, whatever their levels, opening only nodes that differ. A merge of
/// two listings calls it before it looks at the two current entries, and reads only what differs.
void skip_shared(DirectoryCursor& a, DirectoryCursor& b);

std::optional<Entry> find_entry(ChunkSource& source, const StreamRef& listing, std::string_view name);

/// Groups of at least two sorted paths that are one inode; sorted by first path.
using LinkTable = std::vector<std::vector<std::string>>;

struct Root {
  Entry top;  ///< of type directory, name empty
  StreamRef links;
};
struct StoredRoot {
  ChunkId id;
  Root node;
};
/// Stores the root's one chunk; its id is the root id.
StoredRoot put_root(ChunkSink& sink, const Entry& top, const LinkTable& links);
Root get_root(ChunkSource& source, const ChunkId& id);
LinkTable get_links(ChunkSource& source, const Root& root);
/// The entry at `path` (components joined by `/`; empty: the top), or nothing.
std::optional<Entry> find_path(ChunkSource& source, const Root& root, std::string_view path);

}  // namespace metamori
