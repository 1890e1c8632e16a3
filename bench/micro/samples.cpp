#include "bench/micro/samples.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

namespace metamori::bench {
namespace {

void fill_noise(Random& random, Bytes& bytes) {
  for (std::size_t at = 0; at < bytes.size(); at += sizeof(std::uint64_t)) {
    const std::uint64_t value = random.next();
    std::memcpy(bytes.data() + at, &value, std::min(sizeof value, bytes.size() - at));
  }
}

void fill_floats(Random& random, Bytes& bytes) {
  double phase = 0;
  for (std::size_t at = 0; at + sizeof(double) <= bytes.size(); at += sizeof(double)) {
    phase += 1e-4;
    const double value = std::sin(phase) + static_cast<double>(random.next() >> 44) * 0x1p-40;
    std::memcpy(bytes.data() + at, &value, sizeof value);
  }
}

void fill_text(Random& random, Bytes& bytes) {
  std::size_t at = 0;
  for (std::uint64_t step = 0; at < bytes.size(); ++step) {
    const std::string line = "step " + std::to_string(step) + " residual 0." + std::to_string(random.below(1'000'000)) + " energy -" +
                             std::to_string(random.below(100)) + ".25\n";
    const std::size_t taken = std::min(line.size(), bytes.size() - at);
    std::memcpy(bytes.data() + at, line.data(), taken);
    at += taken;
  }
}

}  // namespace

std::uint64_t Random::next() noexcept {
  std::uint64_t value = (state_ += 0x9E3779B97F4A7C15);
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
  return value ^ (value >> 31);
}

Bytes make_sample(Sample sample, std::size_t size_bytes, std::uint64_t seed) {
  Bytes bytes(size_bytes);
  Random random(seed);
  switch (sample) {
    case Sample::noise:
      fill_noise(random, bytes);
      break;
    case Sample::floats:
      fill_floats(random, bytes);
      break;
    case Sample::text:
      fill_text(random, bytes);
      break;
  }
  return bytes;
}

}  // namespace metamori::bench
