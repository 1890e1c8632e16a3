#include "metamori/error.hpp"
#include "objects/record.hpp"

// Any bytes are a value, which encodes to the same bytes again, or an Error.

#include <cstdlib>

#include "base/digest.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace metamori;
  // Taken as they are, and with the checksum that a hostile writer would put at the end.
  Bytes bytes(reinterpret_cast<const std::byte*>(data), reinterpret_cast<const std::byte*>(data) + size);
  for (int round = 0; round < 2; ++round) {
    try {
      const Record record = decode_record(bytes, "fuzz");
      const Record again = decode_record(encode_record(record), "fuzz");
      if (encode_record(again) != encode_record(record)) std::abort();
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::corrupt && error.kind() != ErrorKind::unsupported) std::abort();
    }
    const ChunkId checksum = sha256(bytes);
    bytes.insert(bytes.end(), checksum.bytes.begin(), checksum.bytes.end());
  }
  return 0;
}
