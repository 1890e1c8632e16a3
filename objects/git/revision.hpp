#pragma once

// How a revision is written: a base, then steps from it.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace metamori {

struct RevisionStep {
  enum class Kind {
    ancestor,  ///< `~n`: n first parents back
    parent,    ///< `^n`: the n-th parent
    search,    ///< `^{/text}`: the newest ancestor, or itself, whose message matches
  };
  Kind kind = Kind::ancestor;
  std::uint64_t count = 1;
  std::string text;
};

struct Revision {
  std::string base;                 ///< may be empty when `at` or `text` is there
  std::optional<std::string> at;    ///< what stands in `@{…}`
  std::optional<std::string> text;  ///< what follows `:/`; then there is nothing else
  std::vector<RevisionStep> steps;
};

/// Throws bad_revision if `text` is not written as any revision.
Revision parse_revision(std::string_view text);

/// Decimal digits alone, at most `max_digits`.
std::optional<std::uint64_t> parse_digits(std::string_view text, std::size_t max_digits);

}  // namespace metamori
