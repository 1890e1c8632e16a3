#pragma once

#include "objects/chunk_store.hpp"
#include "objects/chunk_store_groups.hpp"

namespace metamori {

/// Shared by the store and its sessions.
struct ChunkStore::Impl {
  Impl(System& the_system, const RepositoryDirs& the_dirs)
      : system(the_system), dirs(the_dirs), index(system, dirs.packs.get(), dirs.cache.get(), dirs.tmp.get(), dirs.trash.get()) {}

  /// As ChunkStore::read.
  void read(const ChunkId& id, Bytes& out);
  /// As ChunkSource::read_each.
  void read_each(std::span<const ChunkId> ids, std::span<Bytes> out);
  /// Reads the copy at `where`, with all that it is a delta of, and verifies it. Throws corrupt.
  void read_copy(const ChunkLocation& where, const ChunkId& id, Bytes& out);
  /// Decodes the chunk at `at`, and for that its bases, unverified; `budget` is the number of frames that may still be read.
  void decode(const ChunkLocation& at, std::size_t& budget, Bytes& out);

  System& system;
  const RepositoryDirs& dirs;
  PackIndex index;
  GroupCache groups;
};

}  // namespace metamori
