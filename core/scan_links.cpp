#include "core/scan_links.hpp"

#include <algorithm>

namespace metamori {
namespace {

/// Clean under a later name after something else was found under an earlier one: that is a try more.
EqualNames::Judgement judge(const Captured& captured, bool changed_between) {
  const bool was_retried = changed_between && captured.verdict == Verdict::clean;
  return {was_retried ? Verdict::retried : captured.verdict, captured.reason};
}

}  // namespace

EqualNames equal_names(const LinkGroups& links, const std::function<std::optional<Entry>(const std::string& path)>& find) {
  EqualNames result;
  for (const LinkGroups::Doubtful& file : links.doubtful()) {
    std::optional<Entry> wanted = file.captured ? file.captured->entry : find(file.names.front());
    if (!wanted) continue;
    bool changed_between = false;
    for (const std::string& path : file.names) {
      const auto entry = find(path);
      if (!entry) continue;
      wanted->name = entry->name;
      if (*entry == *wanted) continue;
      changed_between = true;
      result.grafts.insert_or_assign(path, wanted);
    }
    for (const std::string& path : file.joined) result.grafts.insert_or_assign(path, wanted);
    if (!file.captured) continue;
    const EqualNames::Judgement judgement = judge(*file.captured, changed_between);
    if (changed_between)
      for (const std::string& path : file.names) result.judged.insert_or_assign(path, judgement);
    for (const std::string& path : file.joined) result.judged.insert_or_assign(path, judgement);
  }
  return result;
}

void judge_again(const EqualNames& names, std::vector<PathVerdict>& verdicts, std::map<std::string, std::string>& reasons) {
  if (names.judged.empty()) return;
  std::map<std::string, Live> live;
  std::erase_if(verdicts, [&](const PathVerdict& verdict) {
    const bool is_judged = names.judged.contains(verdict.path);
    if (is_judged) live.emplace(verdict.path, verdict.live);
    return is_judged;
  });
  for (const auto& [path, judgement] : names.judged) {
    reasons.erase(path);
    const auto found = live.find(path);
    const Live is_live = found == live.end() ? Live::no : found->second;
    if (judgement.verdict == Verdict::clean && is_live != Live::yes) continue;
    verdicts.push_back({path, judgement.verdict, is_live});
    if (!judgement.reason.empty()) reasons[path] = judgement.reason;
  }
}

}  // namespace metamori
