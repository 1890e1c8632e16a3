#include "objects/library_versions.hpp"

#include <git2/version.h>
#include <xxhash.h>
#include <zstd.h>

namespace metamori {

std::vector<std::pair<std::string, std::string>> object_library_versions() {
  const unsigned xxhash = XXH_versionNumber();
  return {{"libgit2", LIBGIT2_VERSION},  // built against: asking the library would load it
          {"zstd", ZSTD_versionString()},
          {"xxHash", std::to_string(xxhash / 10000) + '.' + std::to_string(xxhash / 100 % 100) + '.' + std::to_string(xxhash % 100)}};
}

}  // namespace metamori
