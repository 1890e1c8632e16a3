#include "core/pattern.hpp"

#include <algorithm>
#include <array>

namespace metamori {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kSpecial = "*?[\\";

// The classes are those of ASCII whatever the locale.
constexpr bool is_digit(unsigned char c) { return c >= '0' && c <= '9'; }
constexpr bool is_upper(unsigned char c) { return c >= 'A' && c <= 'Z'; }
constexpr bool is_lower(unsigned char c) { return c >= 'a' && c <= 'z'; }
constexpr bool is_alpha(unsigned char c) { return is_upper(c) || is_lower(c); }
constexpr bool is_alnum(unsigned char c) { return is_alpha(c) || is_digit(c); }
constexpr bool is_print(unsigned char c) { return c >= 0x20 && c <= 0x7E; }
constexpr bool is_blank(unsigned char c) { return c == ' ' || c == '\t'; }
constexpr bool is_space(unsigned char c) { return is_blank(c) || c == '\n' || c == '\r'; }  // as git: neither \v nor \f
constexpr bool is_control(unsigned char c) { return c < 0x20 || c == 0x7F; }
constexpr bool is_graph(unsigned char c) { return is_print(c) && c != ' '; }
constexpr bool is_punct(unsigned char c) { return is_graph(c) && !is_alnum(c); }
constexpr bool is_hex(unsigned char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

struct NamedClass {
  std::string_view name;
  bool (*holds)(unsigned char);
};
constexpr std::array<NamedClass, 12> kNamedClasses{{{"alnum", is_alnum},
                                                    {"alpha", is_alpha},
                                                    {"blank", is_blank},
                                                    {"cntrl", is_control},
                                                    {"digit", is_digit},
                                                    {"graph", is_graph},
                                                    {"lower", is_lower},
                                                    {"print", is_print},
                                                    {"punct", is_punct},
                                                    {"space", is_space},
                                                    {"upper", is_upper},
                                                    {"xdigit", is_hex}}};

unsigned char byte_at(std::string_view text, std::size_t at) { return static_cast<unsigned char>(text[at]); }

}  // namespace

Glob::Glob(std::string_view expression, Mode mode) {
  std::size_t at = 0;
  while (at < expression.size()) {
    switch (expression[at]) {
      case '\\':
        if (++at == expression.size()) {
          is_impossible_ = true;
          return;
        }
        tokens_.push_back({Op::literal, expression[at++], 0});
        break;
      case '?':
        tokens_.push_back({Op::any, 0, 0});
        ++at;
        break;
      case '*':
        at = read_stars(expression, at, mode);
        break;
      case '[': {
        const auto next = read_class(expression, at);
        if (!next) {
          is_impossible_ = true;
          return;
        }
        at = *next;
        break;
      }
      default:
        tokens_.push_back({Op::literal, expression[at++], 0});
    }
  }
}

// A run of stars crosses slashes only if it is two or more and a component of its own.
std::size_t Glob::read_stars(std::string_view expression, std::size_t at, Mode mode) {
  const std::size_t end = std::min(expression.find_first_not_of('*', at), expression.size());
  const bool starts_component = at == 0 || expression[at - 1] == '/';
  const std::string_view rest = expression.substr(end);
  if (mode == Mode::path && end - at >= 2 && starts_component) {
    if (rest.empty()) {
      tokens_.push_back({Op::deep_tail, 0, 0});
      return end;
    }
    if (rest.starts_with('/')) {
      tokens_.push_back({Op::deep, 0, 0});
      return end + 1;
    }
    if (rest.starts_with("\\/")) {
      tokens_.push_back({Op::deep_component, 0, 0});
      return end + 2;
    }
  }
  tokens_.push_back({Op::star, 0, 0});
  return end;
}

std::optional<std::size_t> Glob::read_class(std::string_view expression, std::size_t at) {
  ByteSet set;
  ++at;
  const bool is_inverted = at < expression.size() && (expression[at] == '!' || expression[at] == '^');
  if (is_inverted) ++at;
  constexpr unsigned kNone = 256;
  unsigned previous = kNone;  // what a `-` after it would start a range from
  for (bool is_first = true;; is_first = false) {
    if (at >= expression.size()) return std::nullopt;
    unsigned char c = byte_at(expression, at);
    if (c == ']' && !is_first) break;
    if (c == '\\') {
      if (++at >= expression.size()) return std::nullopt;
      c = byte_at(expression, at++);
      set.set(c);
      previous = c;
    } else if (c == '-' && previous != kNone && at + 1 < expression.size() && expression[at + 1] != ']') {
      c = byte_at(expression, ++at);
      if (c == '\\') {
        if (++at >= expression.size()) return std::nullopt;
        c = byte_at(expression, at);
      }
      for (unsigned value = previous; value <= c; ++value) set.set(value);
      previous = kNone;
      ++at;
    } else if (c == '[' && at + 1 < expression.size() && expression[at + 1] == ':') {
      const std::size_t close = expression.find(']', at + 2);
      if (close == std::string_view::npos) return std::nullopt;
      if (close == at + 2 || expression[close - 1] != ':') {  // not `[:name:]` after all
        set.set(c);
        previous = c;
        ++at;
        continue;
      }
      const std::string_view name = expression.substr(at + 2, close - at - 3);
      const auto* const found =
          std::find_if(kNamedClasses.begin(), kNamedClasses.end(), [&](const NamedClass& named) { return named.name == name; });
      if (found == kNamedClasses.end()) return std::nullopt;
      for (unsigned value = 0; value < set.size(); ++value)
        if (found->holds(static_cast<unsigned char>(value))) set.set(value);
      previous = kNone;
      at = close + 1;
    } else {
      set.set(c);
      previous = c;
      ++at;
    }
  }
  if (is_inverted) set.flip();
  set.reset('/');
  tokens_.push_back({Op::set, 0, static_cast<std::uint32_t>(sets_.size())});
  sets_.push_back(set);
  return at + 1;
}

bool Glob::token_takes(const Token& token, char byte) const noexcept {
  switch (token.op) {
    case Op::literal:
      return byte == token.byte;
    case Op::any:
      return byte != '/';
    case Op::set:
      return sets_[token.set].test(static_cast<unsigned char>(byte));
    default:
      return false;
  }
}

// Two levels of going back, each to the last of its kind, are enough: a star takes the least it can, and what stands between two `**` has a
// fixed number of slashes, so the first place where it fits also ends first.
bool Glob::matches(std::string_view text) const noexcept {
  if (is_impossible_) return false;
  constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  std::size_t token = 0, at = 0;
  std::size_t star_token = kNone, star_at = 0;  // after the star; where it stops taking
  std::size_t deep_token = kNone, deep_at = 0;  // after the `**/`; where it stops taking
  for (;;) {
    if (token < tokens_.size()) {
      const Token& now = tokens_[token];
      if (now.op == Op::deep_tail) return true;
      if (now.op == Op::star) {
        star_token = ++token;
        star_at = at;
        continue;
      }
      if (now.op == Op::deep || now.op == Op::deep_component) {
        deep_token = ++token;
        deep_at = at;
        star_token = kNone;
        if (now.op == Op::deep) continue;
      } else if (at < text.size() && token_takes(now, text[at])) {
        ++token;
        ++at;
        continue;
      }
    } else if (at == text.size()) {
      return true;
    }
    if (star_token != kNone && star_at < text.size() && text[star_at] != '/') {
      at = ++star_at;
      token = star_token;
      continue;
    }
    if (deep_token == kNone) return false;
    const std::size_t slash = text.find('/', deep_at);
    if (slash == std::string_view::npos) return false;
    at = deep_at = slash + 1;
    token = deep_token;
    star_token = kNone;
  }
}

std::optional<Pattern> Pattern::parse(std::string_view line) {
  if (line.empty() || line.front() == '#') return std::nullopt;
  line = trim_pattern(line);
  Pattern pattern;
  if (line.starts_with('!')) {
    pattern.is_negated_ = true;
    line.remove_prefix(1);
  }
  if (line.ends_with('/')) {
    pattern.is_directory_only_ = true;
    line.remove_suffix(1);
  }
  pattern.is_anchored_ = line.find('/') != std::string_view::npos;
  if (line.starts_with('/')) line.remove_prefix(1);
  if (line.empty()) return std::nullopt;
  pattern.compile(line);
  return pattern;
}

void Pattern::compile(std::string_view body) {
  const std::size_t plain = std::min(body.find_first_of(kSpecial), body.size());
  if (plain == body.size()) {
    form_ = Form::literal;
    literal_ = body;
  } else if (!is_anchored_ && body.front() == '*' && body.find_first_of(kSpecial, 1) == std::string_view::npos) {
    form_ = Form::suffix;
    literal_ = body.substr(1);
  } else {
    // Git compares what comes before the first wildcard as it is and matches the rest on its own, so that `**` right behind it counts as a
    // component's start.
    form_ = Form::glob;
    literal_ = is_anchored_ ? body.substr(0, plain) : std::string_view();
    glob_.emplace(body.substr(literal_.size()), is_anchored_ ? Glob::Mode::path : Glob::Mode::name);
  }
  if (is_anchored_) body_ = body;
}

bool Pattern::matches(std::string_view path, std::string_view name, bool is_directory) const noexcept {
  if (is_directory_only_ && !is_directory) return false;
  const std::string_view subject = is_anchored_ ? path : name;
  switch (form_) {
    case Form::literal:
      return subject == literal_;
    case Form::suffix:
      return subject.ends_with(literal_);
    case Form::glob:
      return subject.starts_with(literal_) && glob_->matches(subject.substr(literal_.size()));
  }
  return false;
}

bool Pattern::could_match_below(std::string_view directory) const {
  if (!is_anchored_ || directory.empty()) return true;
  std::string_view rest = body_;
  for (;;) {
    const std::size_t slash = rest.find('/');
    const std::string_view component = rest.substr(0, slash);
    // From here on slashes may be crossed, or stand in a class.
    if (component.find_first_of("[\\") != std::string_view::npos || component.find("**") != std::string_view::npos) return true;
    if (slash == std::string_view::npos) return false;  // matches no deeper than `directory`
    const std::size_t end = directory.find('/');
    if (!Glob(component, Glob::Mode::name).matches(directory.substr(0, end))) return false;
    if (end == std::string_view::npos) return true;
    rest.remove_prefix(slash + 1);
    directory.remove_prefix(end + 1);
  }
}

PatternList PatternList::parse(std::string_view text) {
  PatternList list;
  for (const std::string_view line : pattern_lines(text)) {
    if (auto pattern = Pattern::parse(line)) {
      list.has_anchored_ |= pattern->is_anchored();
      list.patterns_.push_back(std::move(*pattern));
    }
  }
  return list;
}

std::optional<bool> PatternList::match(std::string_view path, bool is_directory) const noexcept {
  const std::size_t slash = path.rfind('/');
  const auto found = find(path, slash == std::string_view::npos ? path : path.substr(slash + 1), is_directory);
  return found ? std::optional(!found->is_negated) : std::nullopt;
}

std::optional<PatternList::Match> PatternList::find(std::string_view path, std::string_view name, bool is_directory) const noexcept {
  for (std::size_t i = patterns_.size(); i-- > 0;)
    if (patterns_[i].matches(path, name, is_directory)) return Match{i, patterns_[i].is_negated()};
  return std::nullopt;
}

std::vector<std::string_view> pattern_lines(std::string_view text) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back(line.substr(0, line.find('\0')));
  }
  return lines;
}

std::string_view trim_pattern(std::string_view line) noexcept {
  std::size_t end = 0;  // after the last byte that is not an unquoted space
  for (std::size_t at = 0; at < line.size(); ++at) {
    if (line[at] == ' ') continue;
    if (line[at] == '\\' && ++at == line.size()) return line;  // quotes nothing: git leaves such a line alone
    end = at + 1;
  }
  return line.substr(0, end);
}

}  // namespace metamori
