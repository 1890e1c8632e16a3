// Any bytes as a frame: an answer or `corrupt`, within the limits. Bases are given in two sizes, so that deltas and patches get as far as
// they can.

#include <cstdint>
#include <cstdlib>

#include "metamori/error.hpp"
#include "objects/frame.hpp"
#include "objects/frame_layout.hpp"

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
  // The checksum would keep nearly every mutation out: put the right one in, and try the bytes as they are too.
  Bytes mended(input.begin(), input.end());
  if (mended.size() >= kFrameHeaderBytes) {
    ByteWriter sum;
    sum.u64(frame_checksum(mended, ByteView(mended).subspan(kFrameHeaderBytes), {}));
    std::copy(sum.view().begin(), sum.view().end(), mended.begin() + kFrameChecksumOffset);
  }
  for (const ByteView frame : {input, ByteView(mended)}) {
    attempt([&] { decode_frame_header(frame, "fuzz"); });
    attempt([&] { group_member_lengths(frame, "fuzz"); });
    attempt([&] { frame_bases(frame, "fuzz"); });
    for (const std::size_t base_size : {std::size_t{0}, std::size_t{3000}}) {
      attempt([&] {
        Bytes out;
        decode_frame(
            frame, [&](const ChunkId&, Bytes& base) { base.assign(base_size, std::byte{'b'}); }, false, out, "fuzz");
        if (out.size() > kMaxRawBytes) std::abort();
      });
    }
  }
  return 0;
}
