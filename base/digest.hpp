#pragma once

#include <memory>
#include <span>

#include "metamori/types.hpp"

namespace metamori {

/// SHA-256 (FIPS 180-4) of `bytes`. Thread-safe; a context is kept for each thread.
ChunkId sha256(ByteView bytes);

/// SHA-256 of each of `inputs` into the place of `ids` of the same index. Faster than one after another where the processor has
/// instructions for it. Thread-safe.
void sha256_each(std::span<const ByteView> inputs, std::span<ChunkId> ids);

/// SHA-1 of `"<type> <size>\0"` and `content`: the id git gives that object.
CheckpointId git_object_id(std::string_view type, ByteView content);

/// SHA-256 of bytes that arrive in pieces.
class Sha256 {
 public:
  Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  ~Sha256();
  void update(ByteView bytes);
  /// Afterwards the object must not be used again.
  ChunkId finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// XXH3-128 with a secret of the caller's: tells whether bytes that were seen before are still the same. Never an id; whoever knows the
/// secret can make collisions.
struct Fingerprint {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  friend bool operator==(const Fingerprint&, const Fingerprint&) = default;
};
using FingerprintSecret = std::array<std::byte, 192>;
Fingerprint fingerprint(ByteView bytes, const FingerprintSecret& secret) noexcept;

/// XXH3-64: finds accidents, never an id.
std::uint64_t xxh3_64(ByteView bytes, std::uint64_t seed = 0) noexcept;

}  // namespace metamori
