#pragma once

#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "metamori/types.hpp"

namespace metamori {

ByteView as_bytes(std::string_view text) noexcept;
/// The bytes seen as characters; the view is only as long-lived as `bytes`.
std::string_view as_text(ByteView bytes) noexcept;
Bytes to_bytes(std::string_view text);
/// Whether all of them are zero; also of none.
bool is_zero(ByteView bytes) noexcept;

/// Reads hexadecimal digits (either case) into `out`, two for each byte. False if there is anything else, or another number of them.
bool read_hex(std::string_view text, std::span<std::byte> out) noexcept;
/// The same for as many as there are; nothing if their number is not even.
std::optional<Bytes> from_hex(std::string_view text);
template <class Tag>
std::optional<Id<Tag>> id_from_hex(std::string_view text) {
  Id<Tag> id;
  return read_hex(text, id.bytes) ? std::optional(id) : std::nullopt;
}

/// Takes values off the front of a view (docs/format.md, section 1). Every member throws `corrupt`, naming `what`, when the bytes
/// run out or a value is not in its only spelling.
class ByteReader {
 public:
  /// `what` names the thing being decoded, for messages; both views must outlive the reader.
  ByteReader(ByteView bytes, std::string_view what) noexcept : rest_(bytes), what_(what) {}
  [[nodiscard]] bool at_end() const noexcept { return rest_.empty(); }
  [[nodiscard]] ByteView rest() const noexcept { return rest_; }
  std::uint8_t u8();
  std::uint16_t u16();
  std::uint32_t u32();
  std::uint64_t u64();
  std::uint64_t varint();
  std::int64_t svarint();
  /// The next `size` bytes, still owned by the caller's buffer.
  ByteView take(std::uint64_t size);
  /// A varint length, at most `limit`, and that many bytes.
  ByteView bytes(std::uint64_t limit);
  template <class Tag>
  Id<Tag> id() {
    Id<Tag> result;
    const ByteView taken = take(Tag::size_bytes);
    std::memcpy(result.bytes.data(), taken.data(), taken.size());
    return result;
  }
  /// Throws unless everything was taken.
  void expect_end() const;
  [[noreturn]] void fail(std::string_view why) const;

 private:
  ByteView rest_;
  std::string_view what_;
};

/// Appends values to a buffer it owns.
class ByteWriter {
 public:
  void u8(std::uint8_t value);
  void u16(std::uint16_t value);
  void u32(std::uint32_t value);
  void u64(std::uint64_t value);
  void varint(std::uint64_t value);
  void svarint(std::int64_t value);
  void raw(ByteView bytes);
  /// A varint length and the bytes.
  void bytes(ByteView bytes);
  template <class Tag>
  void id(const Id<Tag>& id) {
    raw(ByteView(id.bytes));
  }
  [[nodiscard]] ByteView view() const noexcept { return buffer_; }
  [[nodiscard]] std::size_t size() const noexcept { return buffer_.size(); }
  void clear() noexcept { buffer_.clear(); }
  Bytes take() noexcept { return std::move(buffer_); }

 private:
  Bytes buffer_;
};

}  // namespace metamori
