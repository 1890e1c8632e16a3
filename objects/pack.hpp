#pragma once

// Packs: immutable files of frames with their own index. docs/format.md, section 5.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/files.hpp"
#include "objects/frame.hpp"

namespace metamori {

using PackName = ChunkId;  ///< SHA-256 of index and footer

/// One row of a pack's index.
struct PackEntry {
  ChunkId id;
  std::uint64_t offset = 0;
  std::uint32_t raw_len = 0;
  std::uint16_t member = 0;
  std::uint8_t depth = 0;
  Kind kind = Kind::data;
};

/// A published pack, mapped on opening; thread-safe for reading.
class PackReader {
 public:
  /// Checks header, footer and the index's checksum. Throws corrupt or io.
  static std::shared_ptr<const PackReader> open(System& system, int packs_dir, const PackName& name);
  /// As open, but nothing (null) if there is no such file. `label` names the directory in messages.
  static std::shared_ptr<const PackReader> find_file_of(System& system, int dir, const PackName& name, std::string_view label = "packs");
  [[nodiscard]] const PackName& name() const noexcept;
  [[nodiscard]] std::uint64_t entry_count() const noexcept;
  [[nodiscard]] std::uint64_t frame_count() const noexcept;
  [[nodiscard]] std::uint64_t file_bytes() const noexcept;
  /// Where it is, for messages.
  [[nodiscard]] const std::string& path() const noexcept;
  [[nodiscard]] PackEntry entry(std::uint64_t index) const;
  [[nodiscard]] std::optional<PackEntry> find(const ChunkId& id) const;
  /// The frame (header and body) at `offset`. Throws corrupt if it does not lie within the frames.
  [[nodiscard]] ByteView frame(std::uint64_t offset) const;
  /// Calls `visit(offset, frame)` for all frames in order, checking that they follow each other without gaps and every frame's checksum.
  void for_each_frame(const std::function<void(std::uint64_t, ByteView)>& visit) const;

 private:
  friend class PackWriter;
  PackReader() = default;
  static std::shared_ptr<const PackReader> map_file(System& system, const Fd& file, std::string path);
  Mapping map_;
  PackName name_;
  std::string path_;
  std::uint64_t entry_count_ = 0;
  std::uint64_t frame_count_ = 0;
  std::uint64_t frames_end_ = 0;
};

/// Writes one pack: frames are appended (thread-safe, in the order of arrival), then it is finished and published. Until then it is a file
/// in `tmp/` that the destructor removes.
class PackWriter {
 public:
  PackWriter(System& system, int tmp_dir, int packs_dir);
  ~PackWriter();
  PackWriter(const PackWriter&) = delete;
  PackWriter& operator=(const PackWriter&) = delete;
  /// `frame` is one whole frame; `members` its chunks (offset is filled in here). Returns the frame's offset. Throws io, no_space.
  std::uint64_t append(ByteView frame, std::vector<PackEntry> members);
  [[nodiscard]] std::uint64_t bytes_written() const noexcept;
  [[nodiscard]] std::uint64_t entry_count() const noexcept;
  /// Reads a frame back before the pack is published.
  void read_frame(std::uint64_t offset, Bytes& out) const;
  /// Ends the pack with index and footer, still in `tmp/` and not synced, and opens it there. Nothing can be appended afterwards. Throws
  /// io, no_space.
  std::shared_ptr<const PackReader> seal();
  /// Seals if that was not done, and syncs the file. Whatever can fail for want of space has been done then.
  void prepare();
  /// Index, footer, fsync, rename without replacing, fsync of `packs/`. An equal pack that is already there counts as published. Returns
  /// the name. Throws io, no_space; then nothing is published.
  PackName publish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

struct SalvageTotals {
  std::uint64_t frames = 0;
  std::uint64_t bytes_skipped = 0;  ///< that belong to no intact frame (in an intact pack: index and footer)
};
/// Finds the intact frames in what is left of a pack, without its index, and calls `visit(offset, frame)` for each.
SalvageTotals salvage_pack(ByteView file, const std::function<void(std::uint64_t, ByteView)>& visit);

/// All pack names in `packs/`; other files there are ignored.
std::vector<PackName> list_packs(System& system, int packs_dir);
std::string pack_file_name(const PackName& name);
/// The name in a file name, or nothing if it is not that of a pack.
std::optional<PackName> pack_name_of(std::string_view file_name);

}  // namespace metamori
