#include "objects/git/revision.hpp"

#include <algorithm>

#include "base/files.hpp"

namespace metamori {
namespace {

constexpr std::size_t kMaxStepDigits = 9;

class RevisionParser {
 public:
  explicit RevisionParser(std::string_view text) : whole_(text), rest_(text) {}

  Revision parse() {
    Revision revision;
    if (rest_.empty()) fail("it is empty");
    if (std::any_of(rest_.begin(), rest_.end(), [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }))
      fail("it holds control characters");
    if (rest_.starts_with(":/")) {
      revision.text = rest_.substr(2);
      if (revision.text->empty()) fail("nothing to look for follows ':/'");
      return revision;
    }
    const std::size_t end = std::min({rest_.find('~'), rest_.find('^'), rest_.find("@{"), rest_.size()});
    revision.base = take(end);
    if (rest_.starts_with("@{")) {
      take(1);
      revision.at = braced();
      if (revision.at->empty()) fail("nothing stands in '@{}'");
    }
    if (revision.base.empty() && !revision.at) fail("it starts with '~' or '^'");
    while (!rest_.empty()) step(revision);
    return revision;
  }

 private:
  void step(Revision& revision) {
    const std::string mark = take(1);
    if (mark == "~") {
      revision.steps.push_back({RevisionStep::Kind::ancestor, count(), {}});
    } else if (mark != "^") {
      fail("only '~n' and '^' can follow");
    } else if (!rest_.starts_with('{')) {
      const std::uint64_t number = count();
      if (number != 0) revision.steps.push_back({RevisionStep::Kind::parent, number, {}});
    } else {
      const std::string inside = braced();
      if (inside.starts_with('/') && inside.size() > 1) {
        revision.steps.push_back({RevisionStep::Kind::search, 1, inside.substr(1)});
      } else if (!inside.empty() && inside != "commit") {
        fail("'^{" + inside + "}' names no checkpoint");
      }
    }
  }
  std::string take(std::size_t size) {
    std::string taken(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return taken;
  }
  std::string braced() {
    const std::size_t end = rest_.find('}');
    if (end == std::string_view::npos) fail("a '}' is missing");
    const std::string taken = take(end + 1);
    return taken.substr(1, taken.size() - 2);
  }
  /// Digits, or 1 if there are none.
  std::uint64_t count() {
    const std::string digits = take(std::min(rest_.find_first_not_of("0123456789"), rest_.size()));
    if (digits.empty()) return 1;
    const auto number = parse_digits(digits, kMaxStepDigits);
    if (!number) fail("'" + digits + "' is too large");
    return *number;
  }
  [[noreturn]] void fail(const std::string& why) const {
    throw Error(ErrorKind::bad_revision, quoted(whole_) + " is not a revision: " + why,
                "metamori-revisions(7) tells how they are written, 'metamori log' which there are");
  }
  std::string_view whole_;
  std::string_view rest_;
};

}  // namespace

Revision parse_revision(std::string_view text) { return RevisionParser(text).parse(); }

std::optional<std::uint64_t> parse_digits(std::string_view text, std::size_t max_digits) {
  if (text.empty() || text.size() > max_digits || text.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) value = value * 10 + static_cast<std::uint64_t>(c - '0');
  return value;
}

}  // namespace metamori
