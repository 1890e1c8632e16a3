// Any bytes as the intent of an unfinished restore, or as its plan: an answer or `corrupt`. What is accepted is spelled as we spell it.

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "base/digest.hpp"
#include "core/intent.hpp"
#include "metamori/error.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using namespace metamori;

template <class Decode, class Encode>
void attempt(ByteView input, Decode decode, Encode encode) {
  try {
    const Bytes again = encode(decode(input));
    if (!std::equal(again.begin(), again.end(), input.begin(), input.end())) std::abort();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::corrupt) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(reinterpret_cast<const std::byte*>(data), size);
  attempt(input, decode_plan, encode_plan);
  attempt(input, decode_intent, encode_intent);
  // The checksum would keep nearly every mutation out: put the right one in.
  Bytes mended(input.begin(), input.end());
  if (mended.size() > ChunkTag::size_bytes) {
    const ChunkId sum = sha256(ByteView(mended).first(mended.size() - ChunkTag::size_bytes));
    std::copy(sum.bytes.begin(), sum.bytes.end(), mended.end() - static_cast<std::ptrdiff_t>(ChunkTag::size_bytes));
    attempt(mended, decode_intent, encode_intent);
  }
  return 0;
}
