#pragma once

#include <optional>

#include "objects/pack_index_level.hpp"

namespace metamori {

/// The files of `cache/index/`. Nothing here throws for a cache that is missing, damaged or can't be written: a cache that fails is a cache
/// that is not there.
class LevelFiles {
 public:
  /// Either directory may be -1.
  LevelFiles(System& system, int cache_dir, int tmp_dir) : system_(system), cache_dir_(cache_dir), tmp_dir_(tmp_dir) {}
  /// All sound levels, largest first; names of unsound files are added to `unsound`.
  std::vector<std::shared_ptr<const IndexLevel>> load_all(std::vector<std::string>& unsound);
  /// Stores what `fill` writes, and opens it; nothing (null) if the cache can't be written. Errors of `fill` itself other than io and
  /// no_space pass through.
  std::shared_ptr<const IndexLevel> store(const std::function<void(const LevelWriter::Write&)>& fill);
  void remove(const std::string& file_name);

 private:
  int directory(bool create);

  System& system_;
  int cache_dir_;
  int tmp_dir_;
  Fd dir_;
};

}  // namespace metamori
