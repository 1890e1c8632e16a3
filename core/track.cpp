#include <algorithm>

#include "core/lock.hpp"
#include "core/looking.hpp"
#include "core/rules.hpp"

namespace metamori {
namespace {

constexpr const char* kRulesLock = "rules";
constexpr std::int64_t kRulesLockTimeoutMs = 5000;  ///< the rules are held for milliseconds only

}  // namespace

bool append_rules(Engine& engine, const std::vector<std::string>& patterns, bool negated, const Control& control) {
  require_writable(engine);
  std::vector<std::string> rules;
  for (const std::string& pattern : patterns) rules.push_back(rule_of(pattern, negated));
  Control patient = control;
  patient.lock_timeout_ms = std::max(control.lock_timeout_ms, kRulesLockTimeoutMs);
  const Lock lock(engine, kRulesLock, LockMode::exclusive, patient);  // or one of two rules given at once would be lost
  const std::string before = read_rules(engine);
  std::string after = before;
  for (const std::string& rule : rules) after = append_rule(after, rule);
  const bool was_empty = list_rules(before).empty();
  if (after != before)
    replace_file(engine.system, engine.dirs.tmp.get(), engine.dirs.top.get(), "rules", as_bytes(after),
                 engine.repository_directory + "/rules");
  return was_empty && !rules.empty();
}

}  // namespace metamori
