#include "cmd/keep_options.hpp"

#include <chrono>

#include "cmd/dates.hpp"
#include "cmd/metadata.hpp"
#include "cmd/setting_keys.hpp"
#include "cmd/settings.hpp"
#include "cmd/units.hpp"

namespace metamori::cmd {
namespace {

constexpr std::int64_t kMsPerSecond = 1000;

std::int32_t local_offset_minutes() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return utc_offset_minutes(std::chrono::duration_cast<std::chrono::seconds>(now).count());
}

}  // namespace

void KeepOptions::describe(Options& options) {
  options.number("--keep-last", "N", policy_.last, "Keep the newest N");
  options.number("--keep-hourly", "N", policy_.hourly, "Keep the newest of each of N hours");
  options.number("--keep-daily", "N", policy_.daily, "Keep the newest of each of N days");
  options.number("--keep-weekly", "N", policy_.weekly, "Keep the newest of each of N weeks");
  options.number("--keep-monthly", "N", policy_.monthly, "Keep the newest of each of N months");
  options.duration("--keep-within", within_ms_, "Keep all that are at most so much older than the newest");
  options.texts("--keep-tag", "T", policy_.tags, "Keep those with such a tag");
  options.texts("--keep-meta", "K=V", metadata_, "Keep those with this metadata");
  options.flag("--thin", policy_.thin, "Keep fewer the older they are: gaps of about an eighth of the age");
  options.size("--max-size", policy_.max_size_bytes, "Of all these keep only what fits into so many bytes");
}

KeepPolicy KeepOptions::policy() const {
  KeepPolicy policy = policy_;
  if (within_ms_) policy.within_seconds = *within_ms_ / kMsPerSecond;
  policy.metadata = parse_metadata(metadata_);
  policy.utc_offset_minutes = local_offset_minutes();
  return policy;
}

KeepPolicy configured_policy(const Session& session) {
  KeepPolicy policy;
  if (session.settings == nullptr) return policy;
  const auto text = [&](std::string_view name) -> std::optional<std::string> {
    const FoundSetting* const found = session.settings->find(name);
    return found == nullptr ? std::nullopt : std::optional<std::string>(found->value);
  };
  const auto number = [&](std::string_view name) -> std::uint64_t {
    const auto value = text(name);
    return value ? parse_number(*value).value_or(0) : 0;
  };
  policy.last = number("keep.last");
  policy.hourly = number("keep.hourly");
  policy.daily = number("keep.daily");
  policy.weekly = number("keep.weekly");
  policy.monthly = number("keep.monthly");
  if (const auto value = text("keep.within"))
    if (const auto within_ms = parse_duration_ms(*value)) policy.within_seconds = *within_ms / kMsPerSecond;
  if (const auto value = text("keep.tag")) policy.tags = split_words(*value);
  if (const auto value = text("keep.meta")) policy.metadata = parse_metadata(split_words(*value));
  if (const auto value = text("keep.thin")) policy.thin = is_true(*value);
  if (const auto value = text("keep.max-size")) policy.max_size_bytes = parse_size(*value);
  policy.utc_offset_minutes = local_offset_minutes();
  return policy;
}

std::uint64_t keep_by_settings(Session& session, Repository& repository) {
  try {
    ForgetOptions rules;
    rules.keep = configured_policy(session);
    rules.control.lock_timeout_ms = session.common.lock_timeout_ms.value_or(0);
    const std::uint64_t forgotten = repository.forget(rules).forgotten;
    GcOptions gc;
    gc.automatic = true;
    gc.control.lock_timeout_ms = rules.control.lock_timeout_ms;
    repository.gc(gc);
    return forgotten;
  } catch (const Error& error) {
    session.warn(std::string("not everything was forgotten that is to be: ") + error.what());
    return 0;
  }
}

}  // namespace metamori::cmd
