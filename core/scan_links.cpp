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
  std::erase_if(verdicts, [&](const PathVerdict& verdict) { return names.judged.contains(verdict.path); });
  for (const auto& [path, judgement] : names.judged) {
    reasons.erase(path);
    if (judgement.verdict == Verdict::clean) continue;
    verdicts.push_back({path, judgement.verdict, Live::no});
    if (!judgement.reason.empty()) reasons[path] = judgement.reason;
  }
}

}  // namespace metamori
