// What every byte of a changed file goes through: cut, hashed, compared by fingerprint.

#include <benchmark/benchmark.h>

#include <vector>

#include "base/digest.hpp"
#include "bench/micro/samples.hpp"
#include "objects/chunker.hpp"

namespace metamori::bench {
namespace {

constexpr std::size_t kContentBytes = 8U << 20;
constexpr std::size_t kChunkBytes = 64U << 10;

void tell_bytes(benchmark::State& state, std::size_t each_time) {
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(each_time));
}

using Cut = std::size_t (*)(ByteView data, std::uint64_t start) noexcept;

/// `start`: 0 cuts small chunks, as at the head of a file; beyond 16 MiB they are large.
void cut_all(benchmark::State& state, Cut cut, std::uint64_t start) {
  const Bytes content = make_sample(Sample::noise, kContentBytes);
  for (auto _ : state) {
    std::size_t count = 0;
    for (std::size_t at = 0; at < content.size(); ++count) at += cut(ByteView(content).subspan(at), start + at);
    benchmark::DoNotOptimize(count);
  }
  tell_bytes(state, content.size());
}
BENCHMARK_CAPTURE(cut_all, head, next_cut, 0);
BENCHMARK_CAPTURE(cut_all, rest, next_cut, 64U << 20);
BENCHMARK_CAPTURE(cut_all, rest_reference, next_cut_reference, 64U << 20);

void hash_one(benchmark::State& state) {
  const Bytes content = make_sample(Sample::noise, static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(sha256(content));
  tell_bytes(state, content.size());
}
BENCHMARK(hash_one)->Arg(1U << 10)->Arg(kChunkBytes);

void hash_each(benchmark::State& state) {
  const Bytes content = make_sample(Sample::noise, kChunkBytes * static_cast<std::size_t>(state.range(0)));
  std::vector<ByteView> inputs;
  for (std::size_t at = 0; at < content.size(); at += kChunkBytes) inputs.push_back(ByteView(content).subspan(at, kChunkBytes));
  std::vector<ChunkId> ids(inputs.size());
  for (auto _ : state) {
    sha256_each(inputs, ids);
    benchmark::DoNotOptimize(ids.data());
  }
  tell_bytes(state, content.size());
}
BENCHMARK(hash_each)->Arg(2)->Arg(3)->Arg(12);

void take_fingerprint(benchmark::State& state) {
  const Bytes content = make_sample(Sample::noise, kChunkBytes);
  const FingerprintSecret secret{};
  for (auto _ : state) benchmark::DoNotOptimize(fingerprint(content, secret));
  tell_bytes(state, content.size());
}
BENCHMARK(take_fingerprint);

}  // namespace
}  // namespace metamori::bench
