#include <cstddef>
#include <cstdint>
#include <span>

#include "fuzz/nodes_targets.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  metamori::test::fuzz_list(std::as_bytes(std::span(data, size)));
  return 0;
}
