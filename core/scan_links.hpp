#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/link_groups.hpp"
#include "core/scan.hpp"

namespace metamori {

/// What makes all names of a file equal again that changed while the walk was between them.
struct EqualNames {
  struct Judgement {
    Verdict verdict = Verdict::clean;
    std::string reason;
  };
  Grafts grafts;                            ///< the entry that counts, for names that have another one, and for all that joined
  std::map<std::string, Judgement> judged;  ///< names whose verdict is replaced
};
/// `find` tells the entry that a walked name has got.
EqualNames equal_names(const LinkGroups& links, const std::function<std::optional<Entry>(const std::string& path)>& find);

/// Puts the verdicts of `names` into the lists.
void judge_again(const EqualNames& names, std::vector<PathVerdict>& verdicts, std::map<std::string, std::string>& reasons);

}  // namespace metamori
