#include "base/digest_lanes.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <utility>

#include "base/assert.hpp"

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

namespace metamori::digest {

#if defined(__x86_64__)
namespace {

constexpr std::size_t kBlock = 64;
constexpr std::size_t kGroups = 16;  ///< of four rounds each

// FIPS 180-4, 4.2.2 and 5.3.3.
alignas(16) constexpr std::uint32_t kRoundConstants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
    0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
    0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
    0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
    0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
    0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};
constexpr std::array<std::uint32_t, 8> kInitial = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                                   0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

/// The working variables as the instructions want them: a, b, e, f and c, d, g, h.
struct State {
  __m128i abef, cdgh;
};

__attribute__((target("sha,sse4.1"))) State initial_state() noexcept {
  const auto word = [](std::size_t i) { return static_cast<int>(kInitial[i]); };
  return {_mm_set_epi32(word(0), word(1), word(4), word(5)), _mm_set_epi32(word(2), word(3), word(6), word(7))};
}

__attribute__((target("sha,sse4.1"))) void store_digest(const State& state, ChunkId& id) noexcept {
  alignas(16) std::array<std::uint32_t, 4> abef{}, cdgh{};
  _mm_store_si128(reinterpret_cast<__m128i*>(abef.data()), state.abef);
  _mm_store_si128(reinterpret_cast<__m128i*>(cdgh.data()), state.cdgh);
  const std::array<std::uint32_t, 8> words = {abef[3], abef[2], cdgh[3], cdgh[2], abef[1], abef[0], cdgh[1], cdgh[0]};
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::uint32_t big_endian = __builtin_bswap32(words[i]);
    std::memcpy(id.bytes.data() + 4 * i, &big_endian, 4);
  }
}

/// One block of a lane while it is worked on.
struct Block {
  State state;
  __m128i message[4];
  const std::byte* bytes;
};

/// Four rounds of one lane, and its message schedule for later ones. `Group` counts them.
template <std::size_t Group>
__attribute__((target("sha,sse4.1"), always_inline)) inline void four_rounds(Block& block) noexcept {
  constexpr std::size_t kNow = Group % 4, kNext = (Group + 1) % 4, kBefore = (Group + 3) % 4;
  State& state = block.state;
  auto& message = block.message;
  if constexpr (Group < 4) {
    const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL);
    message[kNow] = _mm_shuffle_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(block.bytes + 16 * Group)), big_endian);
  }
  const __m128i constants = _mm_load_si128(reinterpret_cast<const __m128i*>(kRoundConstants + 4 * Group));
  const __m128i input = _mm_add_epi32(message[kNow], constants);
  state.cdgh = _mm_sha256rnds2_epu32(state.cdgh, state.abef, input);
  if constexpr (Group >= 3 && Group < 15) {
    const __m128i sum = _mm_add_epi32(message[kNext], _mm_alignr_epi8(message[kNow], message[kBefore], 4));
    message[kNext] = _mm_sha256msg2_epu32(sum, message[kNow]);
  }
  state.abef = _mm_sha256rnds2_epu32(state.abef, state.cdgh, _mm_shuffle_epi32(input, 0x0E));
  if constexpr (Group >= 1 && Group < 13) message[kBefore] = _mm_sha256msg1_epu32(message[kBefore], message[kNow]);
}

/// All rounds of one block of each lane, the lanes in turns.
template <std::size_t Group = 0, class... Blocks>
__attribute__((target("sha,sse4.1"), always_inline)) inline void all_rounds(Blocks&... blocks) noexcept {
  (four_rounds<Group>(blocks), ...);
  if constexpr (Group + 1 < kGroups) all_rounds<Group + 1>(blocks...);
}

__attribute__((target("sha,sse4.1"))) State add(const State& a, const State& b) noexcept {
  return {_mm_add_epi32(a.abef, b.abef), _mm_add_epi32(a.cdgh, b.cdgh)};
}

/// An input on its way: first its whole blocks, then the padded rest.
class Lane {
 public:
  void start(ByteView input, ChunkId& id) noexcept {
    id_ = &id;
    state = initial_state();
    blocks = input.data();
    count = input.size() / kBlock;
    const std::size_t rest = input.size() % kBlock;
    std::fill(tail_.begin(), tail_.end(), std::byte{0});
    if (rest > 0) std::memcpy(tail_.data(), input.data() + count * kBlock, rest);
    tail_[rest] = std::byte{0x80};
    tail_count_ = rest + 9 <= kBlock ? 1 : 2;
    const std::uint64_t bits = __builtin_bswap64(std::uint64_t{input.size()} * 8);
    std::memcpy(tail_.data() + tail_count_ * kBlock - 8, &bits, 8);
    if (count == 0) to_tail();
  }
  [[nodiscard]] bool is_busy() const noexcept { return id_ != nullptr; }
  void advance(std::size_t done) noexcept {
    blocks += done * kBlock;
    count -= done;
    if (count > 0) return;
    if (tail_count_ > 0) return to_tail();
    store_digest(state, *id_);
    id_ = nullptr;
  }

  State state;
  const std::byte* blocks = nullptr;
  std::size_t count = 0;

 private:
  void to_tail() noexcept {
    blocks = tail_.data();
    count = std::exchange(tail_count_, 0);
  }
  ChunkId* id_ = nullptr;
  std::array<std::byte, 2 * kBlock> tail_{};
  std::size_t tail_count_ = 0;
};

constexpr std::size_t kLanes = 3;  ///< more gain nothing: then the unit is never idle

/// `count` blocks of each of the first lanes.
template <std::size_t... Index>
__attribute__((target("sha,sse4.1"))) void compress(const std::array<Lane*, kLanes>& lanes, std::size_t count,
                                                    std::index_sequence<Index...>) noexcept {
  for (std::size_t done = 0; done < count; ++done) {
    Block blocks[] = {Block{lanes[Index]->state, {}, lanes[Index]->blocks + done * kBlock}...};
    all_rounds(blocks[Index]...);
    ((lanes[Index]->state = add(lanes[Index]->state, blocks[Index].state)), ...);
  }
}

}  // namespace

bool has_sha_instructions() noexcept {
  static const bool has = [] {
    unsigned a = 0, b = 0, c = 0, d = 0;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & bit_SHA) != 0 && __builtin_cpu_supports("sse4.1") != 0;
  }();
  return has;
}

void sha256_lanes(std::span<const ByteView> inputs, std::span<ChunkId> ids) noexcept {
  MM_ASSERT(inputs.size() == ids.size());
  std::array<Lane, kLanes> lanes;
  for (std::size_t next = 0;;) {
    std::array<Lane*, kLanes> busy{};
    std::size_t busy_count = 0;
    std::size_t count = SIZE_MAX;
    for (Lane& lane : lanes) {
      if (!lane.is_busy() && next < inputs.size()) {
        lane.start(inputs[next], ids[next]);
        ++next;
      }
      if (!lane.is_busy()) continue;
      busy[busy_count++] = &lane;
      count = std::min(count, lane.count);
    }
    if (busy_count == 0) return;
    if (busy_count == 3) compress(busy, count, std::make_index_sequence<3>());
    if (busy_count == 2) compress(busy, count, std::make_index_sequence<2>());
    if (busy_count == 1) compress(busy, count, std::make_index_sequence<1>());
    for (std::size_t lane = 0; lane < busy_count; ++lane) busy[lane]->advance(count);
  }
}

#else

bool has_sha_instructions() noexcept { return false; }
void sha256_lanes(std::span<const ByteView>, std::span<ChunkId>) noexcept { MM_ASSERT(false); }

#endif

}  // namespace metamori::digest
