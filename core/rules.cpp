#include "core/rules.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/files.hpp"
#include "metamori/error.hpp"

namespace metamori {
namespace {

/// `directory` and `name` joined without going to the heap for paths of ordinary length: made once a name, on the hot path.
class JoinedPath {
 public:
  JoinedPath(std::string_view directory, std::string_view name) {
    const std::size_t size = directory.size() + name.size();
    char* bytes = short_.data();
    if (size > short_.size()) {
      long_.resize(size);
      bytes = long_.data();
    }
    std::memcpy(bytes, directory.data(), directory.size());
    std::memcpy(bytes + directory.size(), name.data(), name.size());
    view_ = {bytes, size};
  }
  JoinedPath(const JoinedPath&) = delete;
  JoinedPath& operator=(const JoinedPath&) = delete;
  [[nodiscard]] std::string_view view() const noexcept { return view_; }

 private:
  std::array<char, 1024> short_;
  std::string long_;
  std::string_view view_;
};

}  // namespace

TrackingRules::TrackingRules(std::string_view rules_text) {
  auto rules = std::make_shared<PatternList>(PatternList::parse(rules_text));
  tracks_unnamed_ = rules->empty() || rules->patterns().front().is_negated();
  if (!rules->empty()) rules_ = std::move(rules);
}

std::shared_ptr<const DirectoryScope> TrackingRules::top(std::optional<std::string_view> ignore_text) const {
  const std::shared_ptr<DirectoryScope> scope(new DirectoryScope);
  scope->rules_ = rules_;
  scope->verdict_.is_tracked = tracks_unnamed_;
  scope->add_ignore_list(ignore_text);
  return scope;
}

Tracking TrackingRules::decide(std::string_view path, bool is_directory, const IgnoreTextOf& ignore_text_of) const {
  const auto text_of = [&](std::string_view directory) { return ignore_text_of ? ignore_text_of(directory) : std::nullopt; };
  if (path.empty()) return Tracking::tracked;
  auto scope = top(text_of(""));
  for (std::size_t start = 0;;) {
    const std::size_t slash = path.find('/', start);
    const std::string_view name = path.substr(start, slash - start);
    if (slash == std::string_view::npos) return scope->decide(name, is_directory);
    if (scope->decide(name, true) == Tracking::untracked) return Tracking::untracked;
    scope = scope->descend(name, text_of(path.substr(0, slash)));
    start = slash + 1;
  }
}

Tracking DirectoryScope::decide(std::string_view name, bool is_directory) const {
  if (!rules_ && !outer_ && ignores_.empty()) return verdict_.is_tracked ? Tracking::tracked : Tracking::untracked;
  const JoinedPath path(path_, name);
  if (is_ignored(path.view(), name, is_directory)) return Tracking::untracked;
  const Verdict verdict = judge(path.view(), name, is_directory);
  if (verdict.is_tracked) return Tracking::tracked;
  return is_directory && could_track_below(path.view(), verdict.first_later_rule) ? Tracking::enter_only : Tracking::untracked;
}

std::shared_ptr<const DirectoryScope> DirectoryScope::descend(std::string_view name, std::optional<std::string_view> ignore_text) const {
  if (!rules_ && !outer_ && ignores_.empty() && !ignore_text)
    return shared_from_this();  // paths are looked at from the first ignore list down only
  const std::shared_ptr<DirectoryScope> scope(new DirectoryScope);
  scope->path_.reserve(path_.size() + name.size() + 1);
  scope->path_.append(path_).append(name);
  scope->verdict_ = judge(scope->path_, name, true);
  scope->path_ += '/';
  scope->rules_ = rules_;
  scope->outer_ = ignores_.empty() ? outer_ : shared_from_this();
  scope->add_ignore_list(ignore_text);
  return scope;
}

DirectoryScope::Verdict DirectoryScope::judge(std::string_view path, std::string_view name, bool is_directory) const {
  if (!rules_) return verdict_;
  const auto found = rules_->find(path, name, is_directory);
  if (!found) return verdict_;
  if (found->is_negated) return {false, std::max(found->index + 1, verdict_.first_later_rule)};
  if (found->index < verdict_.first_later_rule) return verdict_;
  return {true, 0};
}

bool DirectoryScope::is_ignored(std::string_view path, std::string_view name, bool is_directory) const {
  for (const DirectoryScope* scope = this; scope != nullptr; scope = scope->outer_.get())
    if (const auto found = scope->ignores_.find(path.substr(scope->path_.size()), name, is_directory)) return !found->is_negated;
  return false;
}

bool DirectoryScope::could_track_below(std::string_view path, std::size_t first_rule) const {
  if (!rules_) return false;
  const auto& patterns = rules_->patterns();
  return std::any_of(patterns.begin() + static_cast<std::ptrdiff_t>(std::min(first_rule, patterns.size())), patterns.end(),
                     [&](const Pattern& pattern) { return !pattern.is_negated() && pattern.could_match_below(path); });
}

void DirectoryScope::add_ignore_list(std::optional<std::string_view> text) {
  if (text) ignores_ = PatternList::parse(*text);
}

std::string rule_of(std::string_view pattern, bool negated) {
  const auto reject = [&](std::string_view why) { throw Error(ErrorKind::usage, "pattern " + quoted(pattern) + ' ' + std::string(why)); };
  if (pattern.empty()) reject("is empty");
  if (pattern.find_first_of(std::string_view("\n\0", 2)) != std::string_view::npos) reject("holds a line break or a NUL");
  std::string body;
  if (pattern == "." || pattern == "./" || pattern == "/") {
    body = "*";
  } else if (pattern.starts_with("./")) {
    body = pattern.substr(1);
  } else {
    body = pattern;
  }
  if (('/' + body + '/').find("/../") != std::string::npos) reject("leads out of the tree: `..` is not understood");
  // The spaces that would be cut off, and a carriage return that would be taken for part of the line's end.
  const std::size_t kept = trim_pattern(body).size();
  std::string line = body.substr(0, kept);
  for (std::size_t i = kept; i < body.size(); ++i) line += "\\ ";
  if (line.ends_with('\r')) line.replace(line.size() - 1, 1, "[\r]");
  if (negated)
    line.insert(0, 1, '!');
  else if (line.starts_with('#') || line.starts_with('!') || line.starts_with("\xEF\xBB\xBF"))
    line.insert(0, 1, '\\');
  std::size_t backslashes = 0;
  while (backslashes < line.size() && line[line.size() - 1 - backslashes] == '\\') ++backslashes;
  if (backslashes % 2 != 0) reject("ends with a `\\` that quotes nothing");
  if (!Pattern::parse(line)) reject("names nothing");
  return line;
}

std::string append_rule(std::string_view rules_text, std::string_view rule) {
  std::string text(rules_text);
  const std::vector<std::string> rules = list_rules(text);
  if (!rules.empty() && rules.back() == rule) return text;
  if (!text.empty() && !text.ends_with('\n')) text += '\n';
  return text.append(rule) += '\n';
}

std::vector<std::string> list_rules(std::string_view rules_text) {
  std::vector<std::string> rules;
  for (const std::string_view line : pattern_lines(rules_text))
    if (Pattern::parse(line)) rules.emplace_back(trim_pattern(line));
  return rules;
}

}  // namespace metamori
