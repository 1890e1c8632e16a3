#pragma once

// Writing one node of a checkpoint to disk: content, then owner, attributes, mode and time, on the descriptor and before the name that
// users know appears.

#include <functional>
#include <optional>
#include <string>

#include "core/entry_type.hpp"
#include "core/restore_meter.hpp"
#include "core/safe_path.hpp"
#include "objects/directory.hpp"

namespace metamori {

/// What may be brought back.
struct NodePolicy {
  bool same_owner = false;             ///< owners, setuid and setgid of files
  bool special = false;                ///< device nodes
  bool privileged_attributes = false;  ///< security.* and trusted.*
  bool verify = false;                 ///< read back what was written
};

/// Owner and mode of the file that is replaced: a restore neither gives files away nor takes privileges that were there.
struct Inherited {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint32_t mode = 0;
};

/// Thread-safe. `path` arguments are for messages and warnings.
class NodeWriter {
 public:
  NodeWriter(System& system, ChunkSource& source, NodePolicy policy, WarningList& warnings, TransferMeter& meter)
      : system_(system), source_(source), policy_(policy), warnings_(warnings), meter_(meter) {}

  /// Whether this policy makes such a node at all; if not, a warning says why.
  bool can_make(const Entry& entry, const std::string& path);
  /// Makes anything but a directory as `name`, which must not exist. `sync`: its bytes survive power loss on return (the name does not
  /// yet).
  void make(const Directory& dir, const std::string& name, const Entry& entry, const std::string& path,
            const std::optional<Inherited>& inherited, bool sync);

  // The parts of making a file, for those who do them apart.
  Fd create_file(const Directory& dir, const std::string& name, const std::string& path);
  /// Writes the data that starts in [begin, end); holes are left out.
  void write_data(int fd, const StreamRef& content, ByteRange range, const std::string& path);
  /// After all data: size, metadata, verification, sync.
  void finish_file(Fd file, const Entry& entry, const std::string& path, const std::optional<Inherited>& inherited, bool sync);

  /// Makes `fd`, which holds `before`, hold `after`, writing only where they differ. `lists` reads the lists of both.
  void rewrite(int fd, ChunkSource& lists, const StreamRef& before, const StreamRef& after, const std::string& path);
  /// The same where it is not known what `fd` holds: reads all of it.
  void rewrite_unknown(int fd, const StreamRef& after, const std::string& path);
  /// Metadata of an open file or directory; time last.
  void set_metadata(int fd, const Entry& entry, const std::string& path, const std::optional<Inherited>& inherited);
  /// Throws io unless the file's bytes are `content`.
  void verify(int fd, const StreamRef& content, const std::string& path);
  /// Whether an open file has that content; reads all of it.
  bool has_content(int fd, const StreamRef& content, const std::string& path);
  /// Whether it has the extended attributes of `entry`, as far as this policy brings them back.
  bool has_attributes(int fd, const Entry& entry);

  [[nodiscard]] const NodePolicy& policy() const noexcept { return policy_; }
  [[nodiscard]] WarningList& warnings() noexcept { return warnings_; }
  [[nodiscard]] TransferMeter& meter() noexcept { return meter_; }
  [[nodiscard]] ChunkSource& source() noexcept { return source_; }
  [[nodiscard]] System& system() noexcept { return system_; }

 private:
  class ChunkCopier;
  void set_named_metadata(int dir, const char* name, const Entry& entry, const std::string& path,
                          const std::optional<Inherited>& inherited);
  /// Whether the node has the owner now that it is to have.
  bool set_owner(int dir, const char* name, const Entry& entry, const std::string& path, const std::optional<Inherited>& inherited);
  void set_attributes_of(int dir, const char* name, const Entry& entry, const std::string& path);
  void check_privileged(int dir, const char* name, const Attribute& attribute, const std::string& path);
  std::uint32_t mode_to_set(const Entry& entry, const std::string& path, const std::optional<Inherited>& inherited, bool is_owned);
  void write_range(int fd, ExtentCursor& target, Range range, ChunkCopier& copier, const std::string& path);
  void make_hole(int fd, ByteRange range, const std::string& path);
  bool has_zeros(int fd, std::uint64_t begin, std::uint64_t end, Bytes& buffer, const std::string& path);
  void warn(const std::string& path, std::string_view action, int error);

  System& system_;
  ChunkSource& source_;
  NodePolicy policy_;
  WarningList& warnings_;
  TransferMeter& meter_;
};

}  // namespace metamori
