#include <gtest/gtest.h>

#include "tests/unit/store_fixture.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace metamori::test {
namespace {

TEST(PackFuzz, APackAndWhatIsLeftOfItAreHandled) {
  StoreDirs repository;
  ChunkStore store(real_system(), repository.dirs);
  ChunkSession session(store);
  for (std::uint64_t i = 0; i < 5; ++i) session.put(noise(200, i), Kind::data);
  session.put(text(20'000, 1), Kind::data);
  session.flush();
  Bytes bytes = read_file(repository.path("packs") / pack_file_name(session.published().front()));
  const auto replay = [](ByteView input) { LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size()); };
  replay(bytes);
  for (std::size_t i = 0; i < bytes.size(); i += i < 200 ? 1 : 37) {
    bytes[i] ^= std::byte{0x40};
    replay(bytes);
    bytes[i] ^= std::byte{0x40};
    replay(ByteView(bytes).first(i));
  }
}

}  // namespace
}  // namespace metamori::test
