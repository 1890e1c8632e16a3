// Directory listings: built, walked, and two of them compared.

#include <benchmark/benchmark.h>

#include <string>

#include "bench/micro/samples.hpp"
#include "objects/directory.hpp"
#include "tests/support/memory_chunks.hpp"

namespace metamori::bench {
namespace {

using test::MemoryChunks;

std::string name_of(std::int64_t number) { return "run-" + std::to_string(1'000'000 + number) + ".dat"; }

StreamRef make_listing(MemoryChunks& chunks, std::int64_t entries, std::int64_t changed = -1) {
  DirectoryBuilder builder(chunks);
  Entry entry;
  entry.mode = 0644;
  entry.owner = {1000, 1000, "ada", "ada"};
  for (std::int64_t number = 0; number < entries; ++number) {
    entry.name = name_of(number);
    entry.mtime = {1'700'000'000 + number / 100, number == changed ? 1U : 0U};
    builder.add(entry);
  }
  return builder.finish().listing;
}

void tell_entries(benchmark::State& state) { state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * state.range(0)); }

void build_listing(benchmark::State& state) {
  for (auto _ : state) {
    MemoryChunks chunks;
    benchmark::DoNotOptimize(make_listing(chunks, state.range(0)));
  }
  tell_entries(state);
}
BENCHMARK(build_listing)->Arg(1'000)->Arg(100'000)->Unit(benchmark::kMillisecond);

void walk_listing(benchmark::State& state) {
  MemoryChunks chunks;
  const StreamRef listing = make_listing(chunks, state.range(0));
  for (auto _ : state) {
    std::uint64_t files = 0;
    for (DirectoryCursor cursor(chunks, listing); cursor.current() != nullptr; cursor.next()) ++files;
    benchmark::DoNotOptimize(files);
  }
  tell_entries(state);
}
BENCHMARK(walk_listing)->Arg(1'000)->Arg(100'000)->Unit(benchmark::kMillisecond);

void find_in_listing(benchmark::State& state) {
  MemoryChunks chunks;
  const StreamRef listing = make_listing(chunks, state.range(0));
  Random random(4);
  for (auto _ : state)
    benchmark::DoNotOptimize(
        find_entry(chunks, listing, name_of(static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(state.range(0)))))));
}
BENCHMARK(find_in_listing)->Arg(1'000)->Arg(100'000)->Unit(benchmark::kMicrosecond);

/// Two listings that differ in one entry: the cost follows the change.
void compare_listings(benchmark::State& state) {
  MemoryChunks chunks;
  const StreamRef before = make_listing(chunks, state.range(0)), after = make_listing(chunks, state.range(0), state.range(0) / 2);
  for (auto _ : state) {
    DirectoryCursor a(chunks, before), b(chunks, after);
    std::uint64_t differing = 0;
    for (;;) {
      skip_shared(a, b);
      const Entry *of_a = a.current(), *of_b = b.current();
      if (of_a == nullptr || of_b == nullptr) break;
      if (!(*of_a == *of_b)) ++differing;
      a.next();
      b.next();
    }
    if (differing != 1) return state.SkipWithError("the difference was not found");
  }
}
BENCHMARK(compare_listings)->Arg(1'000)->Arg(100'000)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace metamori::bench
