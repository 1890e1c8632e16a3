// Chunks into frames and out of them again, by kind of content and by form.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <string>

#include "base/bytes.hpp"
#include "base/digest.hpp"
#include "bench/micro/samples.hpp"
#include "objects/frame.hpp"

namespace metamori::bench {
namespace {

constexpr std::size_t kChunkBytes = 64U << 10;
constexpr std::size_t kPageBytes = 4096;

const BaseReader kNoBase = [](const ChunkId&, Bytes&) {};

/// Speed by the bytes of the chunk, and how much of them is left in the frame.
void tell_frame(benchmark::State& state, std::size_t frame_bytes) {
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * kChunkBytes));
  state.counters["stored"] = static_cast<double>(frame_bytes) / kChunkBytes;
}

void encode_plain(benchmark::State& state, Sample sample) {
  const Bytes raw = make_sample(sample, kChunkBytes);
  const ChunkId id = sha256(raw);
  FrameEncoder encoder;
  ByteWriter frame;
  for (auto _ : state) {
    frame.clear();
    encoder.plain(id, Kind::data, raw, frame);
  }
  tell_frame(state, frame.size());
}
BENCHMARK_CAPTURE(encode_plain, noise, Sample::noise);
BENCHMARK_CAPTURE(encode_plain, floats, Sample::floats);
BENCHMARK_CAPTURE(encode_plain, text, Sample::text);

void decode_plain(benchmark::State& state, Sample sample) {
  const Bytes raw = make_sample(sample, kChunkBytes);
  FrameEncoder encoder;
  ByteWriter frame;
  Bytes decoded;
  encoder.plain(sha256(raw), Kind::data, raw, frame);
  for (auto _ : state) decode_frame(frame.view(), kNoBase, true, decoded, "a benchmark");
  tell_frame(state, frame.size());
}
BENCHMARK_CAPTURE(decode_plain, noise, Sample::noise);
BENCHMARK_CAPTURE(decode_plain, floats, Sample::floats);
BENCHMARK_CAPTURE(decode_plain, text, Sample::text);

/// A chunk in which one page was written, and what it was before.
struct ChangedPage {
  Bytes before = make_sample(Sample::floats, kChunkBytes);
  Bytes after = before;
  EncodingBase base{{{sha256(before)}, 0}, before, 1};
  ChangedPage() {
    const Bytes page = make_sample(Sample::noise, kPageBytes, 2);
    std::copy(page.begin(), page.end(), after.begin() + 5 * kPageBytes);
  }
};

using Encode = bool (FrameEncoder::*)(const ChunkId&, Kind, ByteView, const EncodingBase&, ByteWriter&);

void encode_change(benchmark::State& state, Encode encode) {
  const ChangedPage change;
  const ChunkId id = sha256(change.after);
  FrameEncoder encoder;
  ByteWriter frame;
  for (auto _ : state) {
    frame.clear();
    if (!(encoder.*encode)(id, Kind::data, change.after, change.base, frame)) return state.SkipWithError("not worth while");
  }
  tell_frame(state, frame.size());
}
BENCHMARK_CAPTURE(encode_change, patch, &FrameEncoder::patch);
BENCHMARK_CAPTURE(encode_change, delta, &FrameEncoder::delta);

void decode_change(benchmark::State& state, Encode encode) {
  const ChangedPage change;
  FrameEncoder encoder;
  ByteWriter frame;
  Bytes decoded;
  if (!(encoder.*encode)(sha256(change.after), Kind::data, change.after, change.base, frame)) return state.SkipWithError("not worth while");
  const BaseReader base = [&](const ChunkId&, Bytes& bytes) { bytes = change.before; };
  for (auto _ : state) decode_frame(frame.view(), base, true, decoded, "a benchmark");
  tell_frame(state, frame.size());
}
BENCHMARK_CAPTURE(decode_change, patch, &FrameEncoder::patch);
BENCHMARK_CAPTURE(decode_change, delta, &FrameEncoder::delta);

}  // namespace
}  // namespace metamori::bench
