#include "objects/frame_zstd.hpp"

#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>
#include <string>

#include "base/assert.hpp"
#include "base/bytes.hpp"

namespace metamori {
namespace {

template <auto Free>
struct Deleter {
  void operator()(auto* raw) const noexcept { Free(raw); }
};
using DecompressContext = std::unique_ptr<ZSTD_DCtx, Deleter<ZSTD_freeDCtx>>;
using CompressContext = std::unique_ptr<ZSTD_CCtx, Deleter<ZSTD_freeCCtx>>;

// Two chunks of the largest size lie within one window.
constexpr int kWindowLog = 23;

ZSTD_DCtx* thread_context() {
  thread_local const DecompressContext context = [] {
    DecompressContext made(ZSTD_createDCtx());
    if (!made) throw std::bad_alloc();
    ZSTD_DCtx_setParameter(made.get(), ZSTD_d_windowLogMax, kWindowLog);
    return made;
  }();
  return context.get();
}

void check(std::size_t code) { MM_ASSERT(!ZSTD_isError(code)); }

}  // namespace

void zstd_decompress(ByteView coded, ByteView prefix, std::size_t size, Bytes& out, std::string_view where) {
  const ByteReader reader(coded, where);
  std::uint32_t magic = 0;
  if (coded.size() < sizeof magic) reader.fail("compressed part is too short");
  std::memcpy(&magic, coded.data(), sizeof magic);
  if (magic != ZSTD_MAGICNUMBER) reader.fail("compressed part is not a zstd frame");
  if (ZSTD_findFrameCompressedSize(coded.data(), coded.size()) != coded.size()) reader.fail("compressed part is not one whole zstd frame");
  if (ZSTD_getFrameContentSize(coded.data(), coded.size()) != size)
    reader.fail("compressed part has another content size than its frame says");
  ZSTD_DCtx* context = thread_context();
  if (!prefix.empty()) check(ZSTD_DCtx_refPrefix(context, prefix.data(), prefix.size()));
  out.resize(size);
  const std::size_t got = ZSTD_decompressDCtx(context, out.data(), size, coded.data(), coded.size());
  if (ZSTD_isError(got)) {
    ZSTD_DCtx_reset(context, ZSTD_reset_session_only);
    check(ZSTD_DCtx_refPrefix(context, nullptr, 0));
    reader.fail(std::string("zstd: ") + ZSTD_getErrorName(got));
  }
  if (got != size) reader.fail("compressed part gives another length than its frame says");
}

struct ZstdCompressor::Impl {
  CompressContext context{ZSTD_createCCtx()};
};

ZstdCompressor::ZstdCompressor() : impl_(std::make_unique<Impl>()) {
  if (!impl_->context) throw std::bad_alloc();
}
ZstdCompressor::ZstdCompressor(ZstdCompressor&&) noexcept = default;
ZstdCompressor& ZstdCompressor::operator=(ZstdCompressor&&) noexcept = default;
ZstdCompressor::~ZstdCompressor() = default;

bool ZstdCompressor::compress(ByteView raw, int level, std::size_t limit, Bytes& out) {
  return compress_against(raw, {}, level, limit, out);
}

bool ZstdCompressor::compress_against(ByteView raw, ByteView prefix, int level, std::size_t limit, Bytes& out) {
  ZSTD_CCtx* context = impl_->context.get();
  check(ZSTD_CCtx_reset(context, ZSTD_reset_session_and_parameters));
  check(ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level));
  if (!prefix.empty()) {
    // The whole prefix must be within reach; the table that finds matches in it grows with it.
    const int needed = static_cast<int>(std::bit_width(prefix.size() + raw.size()));
    check(ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, std::min(std::max(needed, 10), kWindowLog)));
    check(ZSTD_CCtx_refPrefix(context, prefix.data(), prefix.size()));
  }
  out.resize(limit);
  const std::size_t got = ZSTD_compress2(context, out.data(), limit, raw.data(), raw.size());
  if (ZSTD_isError(got)) {
    if (ZSTD_getErrorCode(got) == ZSTD_error_memory_allocation) throw std::bad_alloc();
    MM_ASSERT(ZSTD_getErrorCode(got) == ZSTD_error_dstSize_tooSmall);
    return false;
  }
  out.resize(got);
  return true;
}

}  // namespace metamori
