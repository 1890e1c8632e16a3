#include "objects/pack_index_view.hpp"

#include <algorithm>

namespace metamori {
namespace {

// So many packs are asked one by one; then they are folded into a level. Folding waits for `compact` (the end of a command) up to the
// higher mark, because a pack asked costs a fraction of a microsecond and a fold a file.
constexpr std::size_t kLooseMax = 8;
constexpr std::size_t kLooseMaxBeforeFold = 64;
// Open at once while folding many.
constexpr std::size_t kFoldBatch = 256;
// A level joins a merge if it has at most this many times the rows merged so far: each row is then rewritten a logarithmic number of times.
constexpr std::uint64_t kGrowth = 3;

/// Of each of `asked`, whether it is in `names`. Both are sorted, and may have thousands.
std::vector<bool> are_in(const std::vector<PackName>& asked, const std::vector<PackName>& names) {
  std::vector<bool> answers;
  answers.reserve(asked.size());
  auto at = names.begin();
  for (const PackName& name : asked) {
    while (at != names.end() && *at < name) ++at;
    answers.push_back(at != names.end() && *at == name);
  }
  return answers;
}

std::vector<bool> alive_in(const IndexLevel& level, const std::vector<PackName>& names) { return are_in(level.packs(), names); }

/// Into `all`, which stays sorted.
void add_sorted(std::vector<PackName>& all, const std::vector<PackName>& more) {
  const auto middle = static_cast<std::ptrdiff_t>(all.size());
  all.insert(all.end(), more.begin(), more.end());
  std::inplace_merge(all.begin(), all.begin() + middle, all.end());
}

std::size_t count_alive(const CoveredLevel& covered) {
  return static_cast<std::size_t>(std::count(covered.alive.begin(), covered.alive.end(), true));
}

/// Rows of packs that are gone are weight without use: such a level is worth rewriting.
bool is_mostly_dead(const CoveredLevel& covered) { return 2 * count_alive(covered) < covered.alive.size(); }

std::vector<PackName> covered_names(const IndexView& view) {
  std::vector<PackName> covered;
  for (const CoveredLevel& level : view.levels) add_sorted(covered, level.level->packs());
  return covered;
}

}  // namespace

void IndexViewBuilder::discard(const IndexLevel& level) {
  if (!level.file_name().empty()) useless_files_.push_back(level.file_name());
}

IndexView IndexViewBuilder::load() {
  IndexView view;
  view.names = list_packs(system_, packs_dir_);
  std::vector<PackName> covered;
  for (auto& level : files_.load_all(useless_files_)) {
    CoveredLevel candidate{level, alive_in(*level, view.names)};
    // Two writers that merged at the same time leave levels that cover the same packs.
    const std::vector<bool> is_known = are_in(level->packs(), covered);
    bool adds = false;
    for (std::size_t i = 0; i < candidate.alive.size() && !adds; ++i) adds = candidate.alive[i] && !is_known[i];
    if (!adds) {
      discard(*level);
      continue;
    }
    add_sorted(covered, level->packs());
    view.levels.push_back(std::move(candidate));
  }
  open_uncovered(view, {});
  return view;
}

IndexView IndexViewBuilder::refresh(const IndexView& old) {
  IndexView view;
  view.names = list_packs(system_, packs_dir_);
  for (const CoveredLevel& covered : old.levels) {
    CoveredLevel kept{covered.level, alive_in(*covered.level, view.names)};
    if (count_alive(kept) == 0) {
      discard(*covered.level);
    } else {
      view.levels.push_back(std::move(kept));
    }
  }
  open_uncovered(view, old.loose);
  return view;
}

IndexView IndexViewBuilder::with_pack(const IndexView& old, std::shared_ptr<const PackReader> pack) {
  IndexView view = old;
  const auto at = std::lower_bound(view.names.begin(), view.names.end(), pack->name());
  if (at == view.names.end() || *at != pack->name()) view.names.insert(at, pack->name());
  view.damaged.erase(pack->name());
  const bool known = std::any_of(view.loose.begin(), view.loose.end(), [&](const auto& loose) { return loose->name() == pack->name(); });
  if (!known) view.loose.push_back(std::move(pack));
  if (view.loose.size() > kLooseMaxBeforeFold) fold_loose(view);
  return view;
}

IndexView IndexViewBuilder::without_level(const IndexView& old, const IndexLevel* damaged) {
  IndexView without = old;
  std::erase_if(without.levels, [&](const CoveredLevel& covered) { return covered.level.get() == damaged; });
  discard(*damaged);
  return refresh(without);
}

void IndexViewBuilder::open_uncovered(IndexView& view, const std::vector<std::shared_ptr<const PackReader>>& open_already) {
  const std::vector<bool> is_covered = are_in(view.names, covered_names(view));
  for (std::size_t i = 0; i < view.names.size(); ++i) {
    if (is_covered[i]) continue;
    const PackName& name = view.names[i];
    const auto open = std::find_if(open_already.begin(), open_already.end(), [&](const auto& pack) { return pack->name() == name; });
    if (open != open_already.end()) {
      view.loose.push_back(*open);
      continue;
    }
    try {
      if (auto pack = PackReader::find_file_of(system_, packs_dir_, name)) view.loose.push_back(std::move(pack));
    } catch (const Error& error) {
      // One damaged pack hides nothing but what is in it alone.
      if (error.kind() != ErrorKind::corrupt) throw;
      view.damaged.emplace(name, error.what());
    }
    if (view.loose.size() >= kFoldBatch) fold_loose(view);
  }
  if (view.loose.size() > kLooseMaxBeforeFold) fold_loose(view);
}

std::shared_ptr<const IndexLevel> IndexViewBuilder::merge(const MergeInput& input, const std::vector<PackName>& alive) {
  if (auto level = files_.store([&](const LevelWriter::Write& write) { merge_levels(input, alive, write); })) return level;
  Bytes memory;
  merge_levels(input, alive, [&](std::uint64_t offset, ByteView bytes) {
    memory.resize(std::max<std::size_t>(memory.size(), static_cast<std::size_t>(offset) + bytes.size()));
    std::copy(bytes.begin(), bytes.end(), memory.begin() + static_cast<std::ptrdiff_t>(offset));
  });
  return IndexLevel::adopt(std::move(memory));
}

/// Merges all loose packs, and the levels that are small beside them, into one level.
void IndexViewBuilder::fold_loose(IndexView& view) {
  MergeInput input;
  std::uint64_t rows = 0;
  for (const auto& pack : view.loose) {
    if (pack->file_bytes() >= kLevelPackLimit) continue;
    input.packs.push_back(pack);
    rows += pack->entry_count();
  }
  std::sort(view.levels.begin(), view.levels.end(),
            [](const auto& a, const auto& b) { return a.level->row_count() < b.level->row_count(); });
  std::vector<CoveredLevel> kept;
  for (const CoveredLevel& covered : view.levels) {
    if (covered.level->row_count() <= kGrowth * rows || is_mostly_dead(covered)) {
      input.levels.push_back(covered.level);
      rows += covered.level->row_count();
    } else {
      kept.push_back(covered);
    }
  }
  if (input.packs.empty() && input.levels.empty()) return;
  std::shared_ptr<const IndexLevel> merged;
  try {
    merged = merge(input, view.names);
  } catch (const Error& error) {
    // Only a level's rows can be damaged, packs were checked on opening. It stays as it is until a search meets the damage and has it
    // dropped.
    if (error.kind() != ErrorKind::corrupt) throw;
    input.levels.clear();
    kept = view.levels;
    if (input.packs.empty()) return;
    merged = merge(input, view.names);
  }
  for (const auto& level : input.levels) discard(*level);
  kept.push_back({merged, alive_in(*merged, view.names)});
  view.levels = std::move(kept);
  std::erase_if(view.loose, [](const auto& pack) { return pack->file_bytes() < kLevelPackLimit; });
}

IndexView IndexViewBuilder::compact(const IndexView& old) {
  IndexView view = old;
  const bool wasteful = std::any_of(view.levels.begin(), view.levels.end(), is_mostly_dead);
  if (view.loose.size() > kLooseMax || wasteful) fold_loose(view);
  for (const std::string& name : useless_files_) files_.remove(name);
  useless_files_.clear();
  return view;
}

}  // namespace metamori
