// Any bytes as a pack file: opened, walked and salvaged.

#include <cstdint>
#include <cstdlib>

#include "metamori/error.hpp"
#include "objects/pack_layout.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace metamori;
  const ByteView input(reinterpret_cast<const std::byte*>(data), size);
  const auto attempt = [](auto call) {
    try {
      call();
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::corrupt) std::abort();
    }
  };
  // With a footer of the right checksum in place of the last bytes, so that the entries behind it are reached too.
  Bytes mended(input.begin(), input.end());
  if (size >= kPackHeaderBytes + kPackFooterBytes) {
    const auto header = pack_header();
    std::copy(header.begin(), header.end(), mended.begin());
    const std::size_t count =
        std::to_integer<std::size_t>(input.back()) % ((size - kPackHeaderBytes - kPackFooterBytes) / kPackEntryBytes + 1);
    const ByteView index = ByteView(mended).subspan(size - kPackFooterBytes - count * kPackEntryBytes, count * kPackEntryBytes);
    PackName name;
    const auto footer = pack_footer(index, 1, name);
    std::copy(footer.begin(), footer.end(), mended.end() - kPackFooterBytes);
  }
  for (const ByteView file : {input, ByteView(mended)}) {
    attempt([&] {
      const PackLayout layout = check_pack(file, "fuzz");
      for (std::uint64_t i = 0; i < layout.entry_count; ++i) {
        const PackEntry entry = decode_pack_entry(file.data() + layout.frames_end + i * kPackEntryBytes);
        attempt([&] { frame_at(file, entry.offset, layout.frames_end, "fuzz"); });
      }
    });
    salvage_pack(file, [](std::uint64_t, ByteView) {});
  }
  return 0;
}
