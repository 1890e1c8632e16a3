#pragma once

// Sizes, counts and durations as people write and read them.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace metamori::cmd {

/// `1.2 MiB`, or all digits with `exact` (`1258291 B`).
std::string format_size(std::uint64_t bytes, bool exact);
/// `1 file`, `3 files`.
std::string format_count(std::uint64_t count, std::string_view singular, std::string_view plural);
/// `0.08 s`, `12 s`, `3 min 05 s`, `2 h 07 min`.
std::string format_seconds(double seconds);

/// A decimal number without sign; nothing if it is anything else or too large.
std::optional<std::uint64_t> parse_number(std::string_view text) noexcept;
/// `4096`, `64K`, `64KiB`, `1.5M`, up to `T`; the units are powers of 1024.
std::optional<std::uint64_t> parse_size(std::string_view text) noexcept;
/// `90` (seconds), `500ms`, `1.5h`, `1h30m`, `2d`, `1w`; in milliseconds.
std::optional<std::int64_t> parse_duration_ms(std::string_view text) noexcept;
/// `5` or `5%`, 1 to 100.
std::optional<std::uint32_t> parse_percent(std::string_view text) noexcept;

}  // namespace metamori::cmd
