#include <cstdlib>

#include "base/bytes.hpp"
#include "metamori/error.hpp"
#include "objects/record.hpp"
#include "objects/record_log_cache.hpp"

// Any bytes are a list, which encodes to the same bytes again, or corrupt.

namespace {

template <class Decode, class Encode>
void check(const metamori::Bytes& bytes, Decode decode, Encode encode) {
  try {
    if (encode(decode(bytes)) != bytes) std::abort();
  } catch (const metamori::Error& error) {
    if (error.kind() != metamori::ErrorKind::corrupt) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace metamori;
  const Bytes bytes(reinterpret_cast<const std::byte*>(data), reinterpret_cast<const std::byte*>(data) + size);
  check(bytes, decode_verdicts, encode_verdicts);
  check(bytes, decode_touched, encode_touched);
  check(bytes, decode_path_list, encode_path_list);
  decode_latest(bytes);
  decode_history(bytes);
  return 0;
}
