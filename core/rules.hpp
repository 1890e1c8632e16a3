#pragma once

// What is tracked (docs/format.md, section 12). `rules` is looked at first:
// - The last rule that matches a path decides on it: tracked, or with `!` untracked. A path that no rule matches is as its directory is; at
// the top, an empty list, or one that starts with a
//   negation, tracks it.
// - Below a directory that a rule untracks, only rules that come later can track something: `track '*.dat'`, `untrack old/` leaves
// old/x.dat out, a later `track old/x.dat` takes it in.
// - An untracked directory is still entered where a rule could track something below it.
// What the rules track may then be excluded by `.metamoriignore` files, as gitignore excludes: deeper files outweigh, the last match in a
// file wins, a negation takes back in, but nothing below an excluded directory. They never take in what the rules leave out.
//
// A walk holds one DirectoryScope a directory:
//   auto top = TrackingRules(text).top(text of .metamoriignore at the top, if there is one);
//   top->decide(name, is_directory); auto below = top->descend(name, text of name/.metamoriignore, if there is one);
// Names that are never tracked (`.metamori`, staging names) are the walker's business.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/pattern.hpp"

namespace metamori {

inline constexpr std::string_view kIgnoreFileName = ".metamoriignore";
/// Larger ones are refused.
inline constexpr std::uint64_t kMaxIgnoreBytes = 16ULL << 20;

enum class Tracking {
  untracked,   ///< neither it nor, if it is a directory, anything below it
  enter_only,  ///< a directory that is not tracked for its own sake but may hold what is: walk it, record it only if something below is
               ///< tracked
  tracked,
};

class TrackingRules;

/// What is known about one directory of a walk. Immutable; may be used by several threads at once.
class DirectoryScope : public std::enable_shared_from_this<DirectoryScope> {
 public:
  /// What becomes of `name` in this directory. Called once a name: costs nothing to speak of where there are neither rules nor ignore
  /// files.
  [[nodiscard]] Tracking decide(std::string_view name, bool is_directory) const;
  /// The scope of the directory `name`, which must not be `untracked`. `ignore_text`: what its `.metamoriignore` holds, if it has one.
  [[nodiscard]] std::shared_ptr<const DirectoryScope> descend(std::string_view name, std::optional<std::string_view> ignore_text) const;

 private:
  friend class TrackingRules;
  struct Verdict {
    bool is_tracked = true;
    std::size_t first_later_rule = 0;  ///< rules before this one can't track what lies below
  };

  DirectoryScope() = default;
  /// By the rules alone. `path` is relative to the top.
  [[nodiscard]] Verdict judge(std::string_view path, std::string_view name, bool is_directory) const;
  [[nodiscard]] bool is_ignored(std::string_view path, std::string_view name, bool is_directory) const;
  [[nodiscard]] bool could_track_below(std::string_view path, std::size_t first_rule) const;
  void add_ignore_list(std::optional<std::string_view> text);

  std::shared_ptr<const PatternList> rules_;     ///< nothing if empty
  std::shared_ptr<const DirectoryScope> outer_;  ///< the nearest scope above that has an ignore list
  std::string
      path_;  ///< of this directory, ended by `/`; empty at the top. Without rules, directories above the first ignore list are left out
  Verdict verdict_;      ///< of this directory
  PatternList ignores_;  ///< of this directory's file
};

/// The tracking rules of a repository, or those recorded in a checkpoint.
class TrackingRules {
 public:
  /// Text of the ignore file in a directory (a path relative to the top, empty for the top itself), if it has one.
  using IgnoreTextOf = std::function<std::optional<std::string>(std::string_view directory)>;

  explicit TrackingRules(std::string_view rules_text);
  /// What no rule names is tracked.
  [[nodiscard]] bool tracks_unnamed() const noexcept { return tracks_unnamed_; }
  /// The scope of the tree's top directory, which is always tracked.
  [[nodiscard]] std::shared_ptr<const DirectoryScope> top(std::optional<std::string_view> ignore_text) const;
  /// As a walk would find it, for one path. For many, hold scopes.
  [[nodiscard]] Tracking decide(std::string_view path, bool is_directory, const IgnoreTextOf& ignore_text_of) const;
  [[nodiscard]] bool is_tracked(std::string_view path, bool is_directory, const IgnoreTextOf& ignore_text_of) const {
    return decide(path, is_directory, ignore_text_of) == Tracking::tracked;
  }

 private:
  std::shared_ptr<const PatternList> rules_;
  bool tracks_unnamed_ = true;
};

/// The rule that `track PATTERN` (negated: `untrack PATTERN`) stands for, quoted so that it is read back as the pattern that was given: a
/// leading `#` or `!`, trailing spaces. `./x` is spelled `/x`, and `.` is everything. Throws usage for what could not match anything:
/// empty, a line break or NUL, a component `..`, a `\` at the end.
std::string rule_of(std::string_view pattern, bool negated);
/// `rules_text` with `rule` as its last line; the same text if that is its last rule already.
std::string append_rule(std::string_view rules_text, std::string_view rule);
/// The rules in `rules_text`, as written, in order; without comments and blank lines.
std::vector<std::string> list_rules(std::string_view rules_text);

}  // namespace metamori
