#pragma once

// Chunks by id: reading with verification, and writing sessions.

#include <atomic>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "objects/pack_index.hpp"

namespace metamori {

/// Descriptors of a repository's directories, opened once. -1 where absent (a read-only repository may lack cache, tmp, trash).
struct RepositoryDirs {
  Fd top, packs, checkpoints, tmp, cache, trash, restore, refs, locks;
};

/// Where chunks are read from. Thread-safe.
class ChunkSource {
 public:
  virtual ~ChunkSource() = default;
  /// Puts the bytes of chunk `id` into `out` (reusing its memory), verified by SHA-256. Throws corrupt if missing or damaged, naming the
  /// chunk and the pack.
  virtual void read(const ChunkId& id, Bytes& out) = 0;
  /// As read() of each id into the place of `out` of the same index; faster for several at once, which are in memory together.
  virtual void read_each(std::span<const ChunkId> ids, std::span<Bytes> out);
};

/// Where chunks are put. Thread-safe.
class ChunkSink {
 public:
  virtual ~ChunkSink() = default;
  /// Stores `raw` under its SHA-256 unless it is there already. Returns the id. `raw` may be reused at once. `like` are published chunks
  /// that it probably differs little from: a hint for how to hold it.
  ChunkId put(ByteView raw, Kind kind, const BaseList& like = {});
  /// As put, for a chunk whose id the caller has computed.
  virtual void put_known(const ChunkId& id, ByteView raw, Kind kind, const BaseList& like) = 0;
};

/// Reads, and opens writing sessions. Thread-safe.
class ChunkStore final : public ChunkSource {
 public:
  ChunkStore(System& system, const RepositoryDirs& dirs);
  ~ChunkStore() override;
  void read(const ChunkId& id, Bytes& out) override;
  void read_each(std::span<const ChunkId> ids, std::span<Bytes> out) override;
  /// Length of the chunk, or nothing if it is nowhere.
  std::optional<std::uint32_t> find_length(const ChunkId& id);
  PackIndex& index() noexcept;

 private:
  friend class ChunkSession;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

struct SessionTotals {
  std::uint64_t chunks_put = 0;
  std::uint64_t chunks_new = 0;
  std::uint64_t raw_bytes_new = 0;
  std::uint64_t pack_bytes = 0;  ///< growth of the repository by packs
};

/// Bounds on what a session gathers; the memory it takes follows from them.
struct SessionLimits {
  std::uint64_t pack_bytes = 2ULL << 30;       ///< a pack that reaches this ends
  std::uint64_t pack_entries = 256U << 10;     ///< or this many chunks: about 100 bytes of memory each until the pack ends
  std::size_t group_member_bytes = 16U << 10;  ///< chunks up to this size gather in groups
  std::size_t group_bytes = 256U << 10;        ///< a group that reaches this is compressed
};

/// One writer's packs. Chunks that were put can be read through the session (also before flush) and are shared between its threads: a chunk
/// put twice is stored once. A chunk that differs little from what it is said to be like is held as the difference. Small chunks gather in
/// compression groups, one open group for each kind. Packs are split at 2 GiB. What was not flushed when the session ends is dropped. After
/// a failed put every later flush throws the same error, because another thread may rely on what could not be stored.
class ChunkSession final : public ChunkSource, public ChunkSink {
 public:
  explicit ChunkSession(ChunkStore& store, SessionLimits limits = {});
  ~ChunkSession() override;
  void put_known(const ChunkId& id, ByteView raw, Kind kind, const BaseList& like) override;
  void read(const ChunkId& id, Bytes& out) override;
  /// The depth of a chunk that is there, and relied on from now on as one that was put; nothing if it is to be stored.
  std::optional<std::uint16_t> find_depth(const ChunkId& id);
  /// Stores whole frames of another repository as they are, but for a depth that is greater here. `members` are its chunks, all of them
  /// (offsets are filled in here), which the caller has compared with their ids. False, storing nothing, if it is not to be had as it is:
  /// one of its chunks is stored already, or what it rests on is not there, or rests on too much here.
  bool put_frame(ByteView frame, std::span<const PackEntry> members);
  /// From now on no published pack that holds this chunk is relied on: what only they hold is stored again when it is put.
  void distrust(const ChunkId& id);
  /// Whether it was put here and is in no published pack yet.
  [[nodiscard]] bool is_new(const ChunkId& id) const;
  /// Publishes what was put so far (protocol steps 2 and 3 of the checkpoint: durable on return). May be called again after further puts.
  void flush();
  /// Step 4: whether each pack of which a chunk was reused, and each one flushed, is still in `packs/`. If not, what is gone is forgotten
  /// here, so that a put stores it again.
  bool packs_still_present();
  [[nodiscard]] std::vector<PackName> published() const;
  [[nodiscard]] SessionTotals totals() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace metamori
