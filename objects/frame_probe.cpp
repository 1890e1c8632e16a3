#include "objects/frame_probe.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

#include "objects/frame_shuffle.hpp"

namespace metamori {
namespace {

constexpr std::size_t kPieceBytes = 2048;  // a multiple of every element width, so that pieces keep the alignment of elements
constexpr std::size_t kPieceCount = 4;
constexpr std::size_t kPlaneCount = 8;

// zstd's fast levels only find matches, which is nearly all that there is in shuffled numbers; text and code need level 1's entropy coding.
constexpr int kGeneralLevel = 1;
constexpr int kShuffledLevel = -1;  ///< 2 % smaller than -5, in 1.05 times its time; smaller than level 1, too
constexpr int kFastLevel = -5;

void take_sample(ByteView raw, Bytes& sample) {
  sample.clear();
  if (raw.size() <= kPieceBytes * kPieceCount) {
    sample.assign(raw.begin(), raw.end());
    return;
  }
  const std::size_t stride = (raw.size() - kPieceBytes) / (kPieceCount - 1) / kPieceBytes * kPieceBytes;
  for (std::size_t i = 0; i < kPieceCount; ++i) {
    const ByteView piece = raw.subspan(i * stride, kPieceBytes);
    sample.insert(sample.end(), piece.begin(), piece.end());
  }
}

/// Whether bytes at every place modulo 8 are spread as evenly as chance would spread them. Text, numbers of any width and machine code are
/// not.
bool looks_like_noise(ByteView sample) noexcept {
  std::array<std::array<std::uint16_t, 256>, kPlaneCount> counts{};
  const std::size_t rows = sample.size() / kPlaneCount;
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t plane = 0; plane < kPlaneCount; ++plane)
      ++counts[plane][std::to_integer<std::size_t>(sample[row * kPlaneCount + plane])];
  }
  // With n even draws from 256 values the expected sum of squares is n + n (n - 1) / 256, its deviation about n / 11.
  const std::uint64_t expected = rows + rows * (rows - 1) / 256;
  const std::uint64_t tolerance = rows / 2;
  return std::all_of(counts.begin(), counts.end(), [&](const auto& plane) {
    std::uint64_t squares = 0;
    for (const std::uint64_t count : plane) squares += count * count;
    return squares <= expected + tolerance;
  });
}

}  // namespace

std::uint32_t Probe::measure(ByteView sample, Encoding encoding) {
  ByteView input = sample;
  if (encoding.filter_width != 0) {
    shuffled_.resize(sample.size());
    shuffle(encoding.filter_width, sample, shuffled_);
    input = shuffled_;
  }
  if (!compressor_.compress(input, encoding.level, sample.size(), compressed_)) return 1000;
  return static_cast<std::uint32_t>(compressed_.size() * 1000 / sample.size());
}

ProbeResult Probe::look(ByteView raw) {
  if (raw.size() < 64) return {};
  take_sample(raw, sample_);
  if (looks_like_noise(sample_)) {
    // Only repetition is left: noise that comes twice. The literals are not worth entropy coding then either.
    const Encoding fast{kFastLevel, 0};
    const std::uint32_t permille = measure(sample_, fast);
    return permille <= kWorthwhilePermille ? ProbeResult{fast, permille} : ProbeResult{};
  }
  ProbeResult best{{}, kWorthwhilePermille + 1};
  for (const std::uint8_t width : {std::uint8_t{8}, std::uint8_t{4}, std::uint8_t{2}}) {
    const Encoding encoding{kShuffledLevel, width};
    if (const std::uint32_t permille = measure(sample_, encoding); permille < best.permille) best = {encoding, permille};
  }
  // Level 1 takes ten times as long as a shuffle and the fast level, so it has to be clearly smaller.
  const Encoding general{kGeneralLevel, 0};
  const std::uint32_t permille = measure(sample_, general);
  if (permille + permille / 16 < best.permille) best = {general, permille};
  return best.permille <= kWorthwhilePermille ? best : ProbeResult{};
}

}  // namespace metamori
