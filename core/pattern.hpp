#pragma once

// Patterns in the syntax of gitignore, over bytes: what `rules` and `.metamoriignore` are made of (docs/format.md, section 12). Matching
// follows git to the letter, so `git check-ignore` is the oracle of the tests. A pattern costs O(length of pattern × length of path) at the
// worst, whatever it is.

#include <bitset>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace metamori {

/// One wildcard expression, compiled.
class Glob {
 public:
  /// Whether `/` is special: `*`, `?` and classes stop at it, and `**` as a whole component crosses it.
  enum class Mode { name, path };
  Glob(std::string_view expression, Mode mode);
  [[nodiscard]] bool matches(std::string_view text) const noexcept;

 private:
  enum class Op : std::uint8_t {
    literal,         ///< the byte `byte`
    any,             ///< one byte but `/`
    set,             ///< one byte of sets_[set], never `/`
    star,            ///< any bytes but `/`
    deep,            ///< `**/`: nothing, or anything that ends with `/`
    deep_component,  ///< `**\/`: anything that ends with `/`
    deep_tail,       ///< `**` at the end: anything
  };
  struct Token {
    Op op = Op::literal;
    char byte = 0;
    std::uint32_t set = 0;
  };
  using ByteSet = std::bitset<256>;

  /// Reads the class whose `[` is at `at`; returns the position after its `]`, or nothing if it is malformed.
  std::optional<std::size_t> read_class(std::string_view expression, std::size_t at);
  std::size_t read_stars(std::string_view expression, std::size_t at, Mode mode);
  [[nodiscard]] bool token_takes(const Token& token, char byte) const noexcept;

  std::vector<Token> tokens_;
  std::vector<ByteSet> sets_;
  bool is_impossible_ = false;  ///< an open class, a `\` that quotes nothing: matches no text
};

/// One line of a pattern file.
class Pattern {
 public:
  /// Nothing for a line that is blank, a comment, or names nothing (`!`, `/`). Trailing spaces that are not quoted are cut off.
  static std::optional<Pattern> parse(std::string_view line);
  [[nodiscard]] bool is_negated() const noexcept { return is_negated_; }
  /// Has a slash that is not at its end, so it is tried on the path and not on the last component.
  [[nodiscard]] bool is_anchored() const noexcept { return is_anchored_; }
  /// `path` is relative to the directory of the pattern's file; `name` is its last component. What the pattern says (`!`) is not looked at.
  [[nodiscard]] bool matches(std::string_view path, std::string_view name, bool is_directory) const noexcept;
  /// Whether some path below `directory` could match. May say yes where the answer is no, never the other way round.
  [[nodiscard]] bool could_match_below(std::string_view directory) const;

 private:
  enum class Form : std::uint8_t { literal, suffix, glob };
  Pattern() = default;
  void compile(std::string_view body);

  bool is_negated_ = false;
  bool is_directory_only_ = false;
  bool is_anchored_ = false;
  Form form_ = Form::literal;
  std::string literal_;  ///< all of it (literal), what follows the `*` (suffix), or what comes before the first wildcard of an anchored
                         ///< pattern (glob)
  std::string body_;     ///< anchored patterns: as written, without the leading slash
  std::optional<Glob> glob_;  ///< of what follows `literal_`
};

/// The patterns of one file, in order.
class PatternList {
 public:
  struct Match {
    std::size_t index = 0;  ///< of the pattern in the list
    bool is_negated = false;
  };

  PatternList() = default;
  static PatternList parse(std::string_view text);
  [[nodiscard]] bool empty() const noexcept { return patterns_.empty(); }
  /// Whether match() needs more than the last component.
  [[nodiscard]] bool has_anchored() const noexcept { return has_anchored_; }
  [[nodiscard]] const std::vector<Pattern>& patterns() const noexcept { return patterns_; }
  /// The last match wins: true = a plain pattern, false = a negated one, nothing = no match. `path` is relative to the directory of the
  /// file.
  [[nodiscard]] std::optional<bool> match(std::string_view path, bool is_directory) const noexcept;
  /// As match(), telling which pattern it was. `name` is the last component of `path`.
  [[nodiscard]] std::optional<Match> find(std::string_view path, std::string_view name, bool is_directory) const noexcept;

 private:
  std::vector<Pattern> patterns_;
  bool has_anchored_ = false;
};

/// The lines of a pattern file as git reads them: without line ends (`\n` or `\r\n`), a byte order mark, or what follows a NUL. Comments
/// and blank lines included.
std::vector<std::string_view> pattern_lines(std::string_view text);

/// `line` up to its trailing spaces; quoted ones stay.
std::string_view trim_pattern(std::string_view line) noexcept;

}  // namespace metamori
