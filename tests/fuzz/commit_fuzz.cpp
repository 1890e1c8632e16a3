#include "metamori/error.hpp"
#include "objects/record.hpp"

// Any bytes are a value, which encodes to the same bytes again, or an Error.

#include <cstdlib>

#include "base/bytes.hpp"

namespace {

template <class Work>
void expect_only_corrupt(Work work) {
  try {
    work();
  } catch (const metamori::Error& error) {
    if (error.kind() != metamori::ErrorKind::corrupt) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace metamori;
  const Bytes bytes(reinterpret_cast<const std::byte*>(data), reinterpret_cast<const std::byte*>(data) + size);
  expect_only_corrupt([&] {
    if (encode_commit(decode_commit(bytes, "fuzz")) != bytes) std::abort();
  });
  expect_only_corrupt([&] {
    if (encode_checkpoint_record(decode_checkpoint_record(bytes, "fuzz")) != bytes) std::abort();
  });
  const SplitMessage split = split_trailers(as_text(bytes));
  if (split.text.size() > size) std::abort();
  join_trailers(as_text(bytes), {{"Key", "value"}});
  return 0;
}
