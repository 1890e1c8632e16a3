#pragma once

// What the parts of a session share (chunk_session.cpp, chunk_session_reuse.cpp).

#include <exception>
#include <set>
#include <shared_mutex>
#include <unordered_set>

#include "objects/chunk_session_groups.hpp"
#include "objects/chunk_session_packs.hpp"
#include "objects/chunk_store_impl.hpp"

namespace metamori {

/// What one thread needs to encode; kept between chunks because fresh contexts and memory cost more than the encoding.
struct EncodingKit {
  FrameEncoder encoder;
  ByteWriter frame;
  Bytes base;
  Bytes piece;
};

/// As many kits as threads ever encoded at once.
class KitPool {
 public:
  std::unique_ptr<EncodingKit> take() {
    const std::lock_guard lock(mutex_);
    if (kits_.empty()) return std::make_unique<EncodingKit>();
    auto kit = std::move(kits_.back());
    kits_.pop_back();
    return kit;
  }
  void give_back(std::unique_ptr<EncodingKit> kit) {
    kit->frame.clear();
    const std::lock_guard lock(mutex_);
    kits_.push_back(std::move(kit));
  }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<EncodingKit>> kits_;
};

/// The published packs that a session relies on. Thread-safe.
struct ReliedPacks {
  std::mutex mutex;
  std::set<PackName> sound;           ///< opened once, so their index is whole
  std::set<PackName> unsound;         ///< what only they hold is stored again
  std::unordered_set<ChunkId> whole;  ///< chunks of which all that they rest on is there
};

struct ChunkSession::Impl {
  Impl(ChunkStore::Impl& the_store, const SessionLimits& the_limits)
      : store(the_store), limits(the_limits), gatherer(limits.group_bytes, places), packs(store.system, store.dirs, limits) {}

  /// Whether a published pack holds the chunk, and it can be read: it is relied on from now on.
  bool reuse(const ChunkId& id);
  bool rely_on_chain(const ChunkLocation& copy, unsigned budget);
  void store_alone(const ChunkId& id, ByteView raw, Kind kind);
  void store_chunk(const ChunkId& id, ByteView raw, Kind kind, const BaseList& like);
  bool store_based(const ChunkId& id, ByteView raw, Kind kind, const BaseList& like);
  bool read_base(EncodingKit& kit, EncodingBase& base);
  void store_group(const GatheredGroup& group);
  void append(ByteView frame, Kind kind, std::span<const ChunkId> ids, std::span<const std::uint32_t> lengths, std::uint16_t depth = 0);
  std::optional<std::uint16_t> depth_of(const ChunkId& id);
  std::optional<std::uint16_t> depth_here(ByteView frame, const FrameHeader& header);
  bool claim_all(std::span<const PackEntry> members);
  void append_frame(ByteView frame, const FrameHeader& header, std::uint16_t depth, std::span<const PackEntry> members);
  void remember_failure();
  void rethrow_failure();
  bool read_own(const ChunkId& id, Bytes& out);
  void read_frame(const ChunkId& id, std::uint32_t slot, std::uint64_t offset, std::uint16_t member, Bytes& out);

  ChunkStore::Impl& store;
  const SessionLimits limits;
  std::shared_mutex gate;  ///< shared by puts and reads; flush has it alone
  PlaceTable places;
  GroupGatherer gatherer;
  SessionPacks packs;
  KitPool kits;
  ReliedPacks relied;
  std::mutex state_mutex;  ///< guards what follows
  std::vector<PackName> published;
  std::exception_ptr failure;
  std::atomic<std::uint64_t> chunks_put{0};
  std::atomic<std::uint64_t> chunks_new{0};
  std::atomic<std::uint64_t> raw_bytes_new{0};
  std::atomic<std::uint64_t> pack_bytes{0};
};

}  // namespace metamori
