// Looking up chunks in one level of the merged index.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "base/digest.hpp"
#include "bench/micro/samples.hpp"
#include "objects/pack_index_level.hpp"

namespace metamori::bench {
namespace {

ChunkId id_of(std::uint64_t number) {
  const auto bytes = std::as_bytes(std::span(&number, 1));
  return sha256(bytes);
}

std::shared_ptr<const IndexLevel> make_level(std::uint64_t chunks) {
  std::vector<ChunkId> ids;
  for (std::uint64_t number = 0; number < chunks; ++number) ids.push_back(id_of(number));
  std::sort(ids.begin(), ids.end());
  Bytes bytes;
  LevelWriter writer({PackName{}}, [&](std::uint64_t offset, ByteView piece) {
    bytes.resize(std::max(bytes.size(), offset + piece.size()));
    std::memcpy(bytes.data() + offset, piece.data(), piece.size());
  });
  for (std::uint64_t row = 0; row < chunks; ++row) writer.add({PackEntry{.id = ids[row], .offset = row << 16U, .raw_len = 1U << 16U}, 0});
  writer.finish();
  return IndexLevel::adopt(std::move(bytes));
}

/// Of ids that are there (`stride` 1) or are not.
void look_up(benchmark::State& state, std::uint64_t first) {
  const auto chunks = static_cast<std::uint64_t>(state.range(0));
  const auto level = make_level(chunks);
  constexpr std::size_t kAsked = 4096;
  std::vector<ChunkId> asked;
  Random random(3);
  for (std::size_t at = 0; at < kAsked; ++at) asked.push_back(id_of(first + random.below(chunks)));
  std::size_t at = 0;
  for (auto _ : state) benchmark::DoNotOptimize(level->lower_bound(asked[at++ % kAsked]));
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK_CAPTURE(look_up, present, 0)->Arg(10'000)->Arg(1'000'000);
BENCHMARK_CAPTURE(look_up, absent, std::uint64_t{1} << 40U)->Arg(10'000)->Arg(1'000'000);

}  // namespace
}  // namespace metamori::bench
