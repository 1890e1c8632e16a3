#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "metamori/types.hpp"

namespace metamori::cmd {

/// `2026-03-01T12:30:05+01:00`, in the time zone of this process.
std::string format_time(const Time& time);
/// Minutes that local time is ahead of UTC at that moment.
std::int32_t utc_offset_minutes(std::int64_t seconds);

/// `5 seconds ago`, `3 hours ago`, `2 weeks ago`; `in the future` for what is yet to come.
std::string format_age(std::int64_t seconds);

/// A moment as people write it: `2026-03-01`, `2026-03-01 12:30[:05]` (also with `T`, and with `Z` or `+01:00`), `@1767225600`, `now`,
/// `today`, `yesterday`, `2 hours ago`, `90m`. Local time unless an offset says otherwise. Nothing if it is none of these.
std::optional<std::int64_t> parse_when(std::string_view text, std::int64_t now_seconds);

}  // namespace metamori::cmd
