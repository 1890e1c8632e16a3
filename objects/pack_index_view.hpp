#pragma once

#include <map>

#include "objects/pack_index_files.hpp"
#include "objects/pack_index_merge.hpp"

namespace metamori {

/// A level, and which of its packs are still in `packs/`.
struct CoveredLevel {
  std::shared_ptr<const IndexLevel> level;
  std::vector<bool> alive;
};

/// What the index knows at one moment; never changed once it is in use, so that searching takes no lock.
struct IndexView {
  std::vector<PackName> names;  ///< in `packs/` when it was last listed; sorted
  std::vector<CoveredLevel> levels;
  std::vector<std::shared_ptr<const PackReader>> loose;  ///< packs in no level: asked one by one
  std::map<PackName, std::string> damaged;               ///< packs that can't be opened, with the reason
};

/// Makes views. Not thread-safe.
class IndexViewBuilder {
 public:
  IndexViewBuilder(System& system, int packs_dir, int cache_dir, int tmp_dir)
      : system_(system), packs_dir_(packs_dir), files_(system, cache_dir, tmp_dir) {}
  /// The first view: levels of the cache, then the packs that these don't cover.
  IndexView load();
  /// The same for what is in `packs/` now, opening only what is new.
  IndexView refresh(const IndexView& old);
  /// With one more pack.
  IndexView with_pack(const IndexView& old, std::shared_ptr<const PackReader> pack);
  /// Without a level whose bytes turned out to be damaged; its packs are looked at again.
  IndexView without_level(const IndexView& old, const IndexLevel* damaged);
  /// Fewer loose packs and fewer levels, kept in the cache if it can be written.
  IndexView compact(const IndexView& old);

 private:
  void open_uncovered(IndexView& view, const std::vector<std::shared_ptr<const PackReader>>& open_already);
  void fold_loose(IndexView& view);
  std::shared_ptr<const IndexLevel> merge(const MergeInput& input, const std::vector<PackName>& alive);
  void discard(const IndexLevel& level);

  System& system_;
  const int packs_dir_;
  LevelFiles files_;
  std::vector<std::string> useless_files_;  ///< of the cache: unsound, or merged into others; removed by compact
};

}  // namespace metamori
