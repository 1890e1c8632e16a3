#include "cmd/keep_options.hpp"

#include <chrono>

#include "cmd/dates.hpp"
#include "cmd/metadata.hpp"

namespace metamori::cmd {

void KeepOptions::describe(Options& options) {
  options.number("--keep-last", "N", policy_.last, "Keep the newest N");
  options.number("--keep-hourly", "N", policy_.hourly, "Keep the newest of each of N hours");
  options.number("--keep-daily", "N", policy_.daily, "Keep the newest of each of N days");
  options.number("--keep-weekly", "N", policy_.weekly, "Keep the newest of each of N weeks");
  options.number("--keep-monthly", "N", policy_.monthly, "Keep the newest of each of N months");
  options.duration("--keep-within", within_ms_, "Keep all that are at most so much older than the newest");
  options.texts("--keep-tag", "PATTERN", policy_.tags, "Keep those with such a tag");
  options.texts("--keep-meta", "KEY=VALUE", metadata_, "Keep those with this metadata");
  options.flag("--thin", policy_.thin, "Keep fewer the older they are: gaps of about an eighth of the age");
  options.size("--max-size", policy_.max_size_bytes, "Of all these keep only what fits into so many bytes");
}

KeepPolicy KeepOptions::policy() const {
  constexpr std::int64_t kMsPerSecond = 1000;
  KeepPolicy policy = policy_;
  if (within_ms_) policy.within_seconds = *within_ms_ / kMsPerSecond;
  policy.metadata = parse_metadata(metadata_);
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  policy.utc_offset_minutes = utc_offset_minutes(std::chrono::duration_cast<std::chrono::seconds>(now).count());
  return policy;
}

}  // namespace metamori::cmd
