#include "base/bytes.hpp"

#include <algorithm>
#include <array>
#include <concepts>
#include <utility>

#include "metamori/error.hpp"

namespace metamori {
namespace {

constexpr unsigned kVarintGroupBits = 7;
constexpr unsigned kLastVarintShift = 63;  // the tenth byte holds one bit

constexpr std::uint8_t kNoDigit = 0xff;

/// By character: names of packs are read by the ten thousand.
constexpr std::array<std::uint8_t, 256> kHexValues = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNoDigit);
  for (std::uint8_t value = 0; value < 16; ++value)
    for (const std::string_view digits : {"0123456789abcdef", "0123456789ABCDEF"})
      values[static_cast<unsigned char>(digits[value])] = value;
  return values;
}();

template <std::unsigned_integral Value>
Value from_little_endian(ByteView bytes) noexcept {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(Value); ++i) value |= std::to_integer<std::uint64_t>(bytes[i]) << (8 * i);
  return static_cast<Value>(value);
}

template <std::unsigned_integral Value>
void append_little_endian(Bytes& buffer, Value value) {
  std::array<std::byte, sizeof(Value)> bytes;
  for (std::size_t i = 0; i < sizeof(Value); ++i) bytes[i] = static_cast<std::byte>(static_cast<std::uint64_t>(value) >> (8 * i));
  buffer.insert(buffer.end(), bytes.begin(), bytes.end());
}

}  // namespace

ByteView as_bytes(std::string_view text) noexcept { return std::as_bytes(std::span(text.data(), text.size())); }

std::string_view as_text(ByteView bytes) noexcept { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

Bytes to_bytes(std::string_view text) {
  const ByteView view = as_bytes(text);
  return {view.begin(), view.end()};
}

bool is_zero(ByteView bytes) noexcept {
  return std::all_of(bytes.begin(), bytes.end(), [](std::byte byte) { return byte == std::byte{0}; });
}

std::string to_hex(ByteView bytes) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text(bytes.size() * 2, '0');
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto value = std::to_integer<unsigned>(bytes[i]);
    text[2 * i] = kDigits[value >> 4];
    text[2 * i + 1] = kDigits[value & 15];
  }
  return text;
}

bool read_hex(std::string_view text, std::span<std::byte> out) noexcept {
  if (text.size() != 2 * out.size()) return false;
  std::uint8_t seen = 0;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::uint8_t high = kHexValues[static_cast<unsigned char>(text[2 * i])];
    const std::uint8_t low = kHexValues[static_cast<unsigned char>(text[2 * i + 1])];
    seen |= high | low;
    out[i] = static_cast<std::byte>(high << 4U | low);
  }
  return seen != kNoDigit;
}

std::optional<Bytes> from_hex(std::string_view text) {
  Bytes bytes(text.size() / 2);
  return read_hex(text, bytes) ? std::optional(std::move(bytes)) : std::nullopt;
}

std::uint8_t ByteReader::u8() { return from_little_endian<std::uint8_t>(take(1)); }
std::uint16_t ByteReader::u16() { return from_little_endian<std::uint16_t>(take(2)); }
std::uint32_t ByteReader::u32() { return from_little_endian<std::uint32_t>(take(4)); }
std::uint64_t ByteReader::u64() { return from_little_endian<std::uint64_t>(take(8)); }

std::uint64_t ByteReader::varint() {
  std::uint64_t value = 0;
  for (unsigned shift = 0;; shift += kVarintGroupBits) {
    const std::uint8_t byte = u8();
    if (shift == kLastVarintShift && byte > 1) fail("a number is too large");
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) != 0) continue;
    if (byte == 0 && shift != 0) fail("a number is not in its shortest form");
    return value;
  }
}

std::int64_t ByteReader::svarint() {
  const std::uint64_t zigzag = varint();
  return static_cast<std::int64_t>((zigzag >> 1) ^ (~(zigzag & 1) + 1));
}

ByteView ByteReader::take(std::uint64_t size) {
  if (size > rest_.size()) fail("it ends too early");
  const ByteView taken = rest_.first(static_cast<std::size_t>(size));
  rest_ = rest_.subspan(taken.size());
  return taken;
}

ByteView ByteReader::bytes(std::uint64_t limit) {
  const std::uint64_t size = varint();
  if (size > limit) fail("a length is over its limit");
  return take(size);
}

void ByteReader::expect_end() const {
  if (!at_end()) fail("bytes are left over");
}

void ByteReader::fail(std::string_view why) const {
  throw Error(ErrorKind::corrupt, std::string(what_) + " is damaged: " + std::string(why), {}, std::string(what_));
}

void ByteWriter::u8(std::uint8_t value) { buffer_.push_back(static_cast<std::byte>(value)); }
void ByteWriter::u16(std::uint16_t value) { append_little_endian(buffer_, value); }
void ByteWriter::u32(std::uint32_t value) { append_little_endian(buffer_, value); }
void ByteWriter::u64(std::uint64_t value) { append_little_endian(buffer_, value); }

void ByteWriter::varint(std::uint64_t value) {
  for (; value >= 0x80; value >>= kVarintGroupBits) buffer_.push_back(static_cast<std::byte>(value | 0x80));
  buffer_.push_back(static_cast<std::byte>(value));
}

void ByteWriter::svarint(std::int64_t value) {
  const auto bits = static_cast<std::uint64_t>(value);
  varint((bits << 1) ^ (value < 0 ? ~std::uint64_t{0} : 0));
}

void ByteWriter::raw(ByteView bytes) { buffer_.insert(buffer_.end(), bytes.begin(), bytes.end()); }

void ByteWriter::bytes(ByteView bytes) {
  varint(bytes.size());
  raw(bytes);
}

}  // namespace metamori
