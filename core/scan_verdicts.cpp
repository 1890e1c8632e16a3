#include "core/scan_verdicts.hpp"

#include <algorithm>
#include <set>

namespace metamori {
namespace {

constexpr std::uint64_t kMaxVerdictBytes = 1U << 30;

}  // namespace

void sort_verdicts(std::vector<PathVerdict>& verdicts) {
  const auto gravity = [](Verdict verdict) { return verdict == Verdict::assumed ? -1 : static_cast<int>(verdict); };
  std::sort(verdicts.begin(), verdicts.end(), [&](const PathVerdict& a, const PathVerdict& b) {
    return a.path != b.path ? a.path < b.path : gravity(a.verdict) > gravity(b.verdict);
  });
  verdicts.erase(std::unique(verdicts.begin(), verdicts.end(), [](const PathVerdict& a, const PathVerdict& b) { return a.path == b.path; }),
                 verdicts.end());
}

std::vector<PathVerdict> ParentVerdicts::read() const {
  const Position head = engine_.log->head();
  if (head.number == 0 || !options_.base_root) return {};
  const CheckpointRecord parent = decode_checkpoint_record(engine_.log->get(head.number).blob, "record");
  return decode_verdicts(get_bytes(source_, parent.verdicts, kMaxVerdictBytes));
}

void ParentVerdicts::carry_over(const Grafts& grafts, std::vector<PathVerdict>& verdicts) const {
  if (options_.scope.empty()) return;
  for (PathVerdict& verdict : read())
    if (!is_grafted(grafts, verdict.path)) verdicts.push_back(std::move(verdict));
}

void ParentVerdicts::judge_kept(std::vector<PathVerdict>& verdicts) const {
  const auto is_kept = [](const PathVerdict& verdict) { return verdict.verdict == Verdict::kept; };
  if (std::none_of(verdicts.begin(), verdicts.end(), is_kept)) return;
  std::set<std::string> torn;
  try {
    for (PathVerdict& verdict : read())
      if (verdict.verdict == Verdict::torn) torn.insert(std::move(verdict.path));
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::corrupt) throw;  // HEAD can't be told: the checkpoint goes on without it
  }
  for (PathVerdict& verdict : verdicts)
    if (is_kept(verdict) && torn.contains(verdict.path)) verdict.verdict = Verdict::torn;
}

}  // namespace metamori
