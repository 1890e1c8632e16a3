// A walk with scopes against the rules as section 12 tells them, read path by path without any of the walk's shortcuts.

#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "core/rules.hpp"
#include "tests/prop/rules_property.hpp"

namespace metamori {
namespace {

const std::vector<std::string> kNames = {"a", "b", "ab", "c.x"};
constexpr int kDepth = 3;

/// What the rules alone say of `path`, whose directories all exist.
bool is_tracked_by(const PatternList& rules, bool tracks_unnamed, const std::string& path, bool is_directory) {
  bool tracked = tracks_unnamed;
  std::size_t first_rule = 0;
  for (std::size_t end = path.find('/');; end = path.find('/', end + 1)) {
    const bool is_last = end == std::string::npos;
    const std::string part = path.substr(0, end);
    const std::string name = part.substr(part.rfind('/') + 1);
    for (std::size_t i = rules.patterns().size(); i-- > 0;) {
      const Pattern& rule = rules.patterns()[i];
      if (!rule.matches(part, name, !is_last || is_directory)) continue;
      if (rule.is_negated()) {
        tracked = false;
        first_rule = std::max(first_rule, i + 1);
      } else if (i >= first_rule) {
        tracked = true;
        first_rule = 0;
      }
      break;
    }
    if (is_last) return tracked;
  }
}

rc::Gen<std::string> rules_text() {
  const auto piece = rc::gen::element<std::string>("a", "b", "ab", "c.x", "*", "**", "/", "/", "/", "?", "[ab]", "\\a", "*.x");
  const auto line = rc::gen::apply(
      [](const std::string& sign, const std::vector<std::string>& pieces, const std::string& end) {
        std::string text = sign;
        for (const auto& part : pieces) text += part;
        return text + end;
      },
      rc::gen::element<std::string>("", "", "!", "/", "!/"), rc::gen::resize(5, rc::gen::container<std::vector<std::string>>(piece)),
      rc::gen::element<std::string>("\n", "\n", "/\n"));
  return rc::gen::map(rc::gen::resize(5, rc::gen::container<std::vector<std::string>>(line)), [](const std::vector<std::string>& lines) {
    std::string text;
    for (const auto& one : lines) text += one;
    return text;
  });
}

using Visit = std::function<void(const std::string& path, bool is_directory)>;

/// Visits each name twice, as a file and as a directory that holds all the names again.
void for_each_path(const std::string& directory, int depth, const Visit& visit) {
  for (const auto& name : kNames) {
    const std::string path = directory.empty() ? name : directory + '/' + name;
    visit(path, false);
    visit(path, true);
    if (depth > 1) for_each_path(path, depth - 1, visit);
  }
}

void walk(const DirectoryScope& scope, const std::string& directory, int depth, std::set<std::string>& tracked) {
  for (const auto& name : kNames) {
    const std::string path = directory.empty() ? name : directory + '/' + name;
    if (scope.decide(name, false) == Tracking::tracked) tracked.insert(path);
    const Tracking decision = scope.decide(name, true);
    if (decision == Tracking::tracked) tracked.insert(path + '/');
    if (decision != Tracking::untracked && depth > 1) walk(*scope.descend(name, std::nullopt), path, depth - 1, tracked);
  }
}

TEST(RulesWalk, FindsExactlyWhatTheRulesTrack) {
  test::expect_property("a walk finds what the rules track", [] {
    const std::string text = *rules_text();
    const TrackingRules rules(text);
    const PatternList list = PatternList::parse(text);
    std::set<std::string> expected, found;
    for_each_path("", kDepth, [&](const std::string& path, bool is_directory) {
      if (!is_tracked_by(list, rules.tracks_unnamed(), path, is_directory)) return;
      expected.insert(is_directory ? path + '/' : path);
      RC_ASSERT(rules.is_tracked(path, is_directory, {}));
    });
    walk(*rules.top(std::nullopt), "", kDepth, found);
    RC_ASSERT(found == expected);
  });
}

}  // namespace
}  // namespace metamori
