#pragma once

// Which checkpoints a policy keeps. Pure: no clock, no file. docs/keeping.md has the rules in words.

#include <string>
#include <vector>

#include "metamori/keeping.hpp"

namespace metamori {

/// What the rules look at. Candidates come by rising number, which is the order in which they were made; times only select.
struct RetentionCandidate {
  std::uint64_t number = 0;
  std::int64_t time_seconds = 0;
  std::vector<std::string> tags;
  Metadata metadata;
  bool is_pinned = false;
  bool is_head = false;
};

/// The reasons to keep each candidate, in the order of the policy's members; none: it is not kept.
std::vector<std::vector<std::string>> reasons_to_keep(const std::vector<RetentionCandidate>& candidates, const KeepPolicy& policy,
                                                      std::int64_t now_seconds);

/// Indexes of all candidates in the order in which thinning drops them: first what leaves the smallest gap, measured by its age. The newest
/// is the last.
std::vector<std::size_t> thinning_order(const std::vector<RetentionCandidate>& candidates, std::int64_t now_seconds);

/// Whether a safety checkpoint is to go: `newer` others are newer than it, and it is `age_seconds` old.
bool safety_has_expired(std::size_t newer, std::int64_t age_seconds) noexcept;

/// The times that the rules compare: those of the candidates, never falling, and none in the future. A checkpoint made while the clock was
/// wrong takes the time of the one before it.
std::vector<std::int64_t> settled_times(const std::vector<RetentionCandidate>& candidates, std::int64_t now_seconds);

/// Whether `text` is as `pattern` says, where `*` stands for any bytes and `?` for one.
bool matches_name(std::string_view pattern, std::string_view text) noexcept;

}  // namespace metamori
