#include "core/torn_files.hpp"

#include <algorithm>

#include "core/describe.hpp"
#include "core/lineage.hpp"
#include "objects/directory.hpp"

namespace metamori {
namespace {

constexpr std::uint64_t kMaxVerdictBytes = 1ULL << 30;

/// Not of an instant, or not captured then at all.
bool is_not_whole(Verdict verdict) noexcept {
  return verdict == Verdict::torn || verdict == Verdict::kept || verdict == Verdict::unreadable;
}

/// Verdicts of one checkpoint, sorted by path.
std::vector<PathVerdict> verdicts_of(Engine& engine, const CheckpointRecord& content) {
  return decode_verdicts(get_bytes(*engine.store, content.verdicts, kMaxVerdictBytes));
}

Verdict verdict_on(const std::vector<PathVerdict>& verdicts, const std::string& path) {
  const auto found =
      std::lower_bound(verdicts.begin(), verdicts.end(), path, [](const PathVerdict& a, const std::string& b) { return a.path < b; });
  return found != verdicts.end() && found->path == path ? found->verdict : Verdict::clean;
}

/// A path of which it is not known yet what its last whole version is.
struct Open {
  std::size_t index = 0;
  EntryType type = EntryType::file;
  bool is_torn = false;  ///< as against: it has the content of an ancestor, which is yet to be judged
};

}  // namespace

TornFiles::TornFiles(Engine& engine, const Position& from, WarningList& warnings)
    : engine_(engine), from_(from), content_(get_checkpoint(engine, from).content) {
  try {
    for (PathVerdict& verdict : verdicts_of(engine, content_)) {
      if (!is_not_whole(verdict.verdict)) continue;
      candidates_.push_back(std::move(verdict.path));
      verdicts_.push_back(verdict.verdict);
    }
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::corrupt) throw;
    warnings.add({},
                 "it can't be told which files were torn when checkpoint " + std::to_string(from.number) + " was taken: " + error.what());
  }
}

std::vector<TornFile> TornFiles::find(const std::function<bool(const std::string& path)>& was_brought_back) const {
  std::vector<TornFile> torn;
  std::vector<Open> open;
  ChunkSource& source = *engine_.store;
  const Root root = get_root(source, content_.root);
  for (std::size_t i = 0; i < candidates_.size(); ++i) {
    if (!was_brought_back(candidates_[i])) continue;
    const auto entry = find_path(source, root, candidates_[i]);
    if (entry && !entry->content_unknown) open.push_back({i, entry->type, verdicts_[i] == Verdict::torn});
  }
  if (open.empty()) return torn;
  const Lineage lineage(engine_.log->summaries(), true);
  std::size_t at = lineage.find(from_.number);
  if (at != Lineage::kNone) at = lineage.parent(at);
  for (; at != Lineage::kNone && !open.empty(); at = lineage.parent(at)) {
    try {
      const DecodedCheckpoint ancestor = get_checkpoint(engine_, lineage.position(at));
      const std::vector<PathVerdict> verdicts = verdicts_of(engine_, ancestor.content);
      const Root there = get_root(source, ancestor.content.root);
      std::erase_if(open, [&](Open& path) {
        const std::string& name = candidates_[path.index];
        const Verdict verdict = verdict_on(verdicts, name);
        if (is_not_whole(verdict)) {
          path.is_torn = path.is_torn || verdict == Verdict::torn;
          return false;
        }
        const auto entry = find_path(source, there, name);
        if (!entry || entry->type != path.type || entry->content_unknown) return false;
        if (path.is_torn) torn.push_back({name, describe_checkpoint(engine_, lineage.position(at), false)});
        return true;
      });
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::corrupt) throw;  // that ancestor is of no use; the ones before it may be
    }
  }
  for (const Open& path : open)
    if (path.is_torn) torn.push_back({candidates_[path.index], std::nullopt});
  std::sort(torn.begin(), torn.end(), [](const TornFile& a, const TornFile& b) { return a.path < b.path; });
  return torn;
}

bool is_written(const std::vector<RestoreAction>& actions, const std::string& path) {
  const auto first = [&](const std::string& wanted) {
    return std::lower_bound(actions.begin(), actions.end(), wanted,
                            [](const RestoreAction& a, const std::string& b) { return a.path < b; });
  };
  if (const auto own = first(path); own != actions.end() && own->path == path && own->type != NodeType::directory)
    return own->kind != RestoreActionKind::metadata && own->kind != RestoreActionKind::remove;
  const std::string prefix = path + '/';
  for (auto action = first(prefix); action != actions.end() && action->path.starts_with(prefix); ++action) {
    const bool changes_names = action->kind == RestoreActionKind::create || action->kind == RestoreActionKind::remove;
    if (changes_names && action->path.find('/', prefix.size()) == std::string::npos) return true;
  }
  return false;
}

}  // namespace metamori
