#include "objects/mend.hpp"

#include <algorithm>

#include "base/digest.hpp"

namespace metamori {
namespace {

constexpr std::size_t kMaxForBytes = 4096;
constexpr std::size_t kMaxForBits = 32768;
constexpr std::size_t kSumBytes = ChunkTag::size_bytes;
constexpr std::size_t kMinSumBytes = 8;  ///< of a checksum that was cut, so that it still tells
constexpr std::size_t kMaxExtraBytes = 64;
constexpr unsigned kByteValues = 256;
constexpr unsigned kBits = 8;

Bytes sealed(ByteView body) {
  Bytes whole(body.begin(), body.end());
  const ChunkId sum = sha256(body);
  whole.insert(whole.end(), sum.bytes.begin(), sum.bytes.end());
  return whole;
}

bool is_sealed(ByteView bytes) {
  if (bytes.size() < kSumBytes) return false;
  const ChunkId sum = sha256(bytes.first(bytes.size() - kSumBytes));
  return std::equal(sum.bytes.begin(), sum.bytes.end(), bytes.end() - kSumBytes);
}

/// Bytes in which the end of `bytes` and the checksum of `body` differ; what the end lacks is passed over.
std::size_t differences(ByteView body, ByteView end) {
  const ChunkId sum = sha256(body);
  std::size_t count = 0;
  for (std::size_t i = 0; i < end.size(); ++i) count += sum.bytes[i] != end[i] ? 1 : 0;
  return count;
}

}  // namespace

std::optional<Bytes> mend_one_byte(ByteView bytes, const std::function<bool(ByteView)>& is_sound) {
  if (bytes.size() > kMaxForBits) return std::nullopt;
  Bytes trial(bytes.begin(), bytes.end());
  const auto try_value = [&](std::size_t at, std::byte value) {
    trial[at] = value;
    if (is_sound(trial)) return true;
    trial[at] = bytes[at];
    return false;
  };
  for (std::size_t at = 0; at < trial.size(); ++at) {
    for (unsigned bit = 0; bit < kBits; ++bit)  // what a memory or a wire does
      if (try_value(at, bytes[at] ^ static_cast<std::byte>(1U << bit))) return trial;
  }
  if (bytes.size() > kMaxForBytes) return std::nullopt;
  for (std::size_t at = 0; at < trial.size(); ++at)
    for (unsigned value = 0; value < kByteValues; ++value)
      if (try_value(at, static_cast<std::byte>(value))) return trial;
  return std::nullopt;
}

std::optional<Bytes> mend_checksummed(ByteView bytes) {
  for (std::size_t extra = 0; extra < kMaxExtraBytes && bytes.size() >= kSumBytes + extra; ++extra)
    if (const ByteView shorter = bytes.first(bytes.size() - extra); is_sealed(shorter)) return Bytes(shorter.begin(), shorter.end());
  if (bytes.size() > kSumBytes) {
    const ByteView body = bytes.first(bytes.size() - kSumBytes);
    if (differences(body, bytes.last(kSumBytes)) <= 1) return sealed(body);
  }
  for (std::size_t left = kSumBytes - 1; left >= kMinSumBytes && left < bytes.size(); --left) {
    const ByteView body = bytes.first(bytes.size() - left);
    if (differences(body, bytes.last(left)) == 0) return sealed(body);
  }
  return mend_one_byte(bytes, is_sealed);
}

}  // namespace metamori
