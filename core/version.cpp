#include <fmt/core.h>

#include "metamori/repository.hpp"
#include "objects/library_versions.hpp"

namespace metamori {

VersionInfo version() {
  VersionInfo info;
  info.version = METAMORI_VERSION;
  info.format = 1;
  info.dependencies = object_library_versions();
  info.dependencies.emplace_back("OpenSSL", METAMORI_OPENSSL_VERSION);
  info.dependencies.emplace_back("fmt", fmt::format("{}.{}.{}", FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100));
  return info;
}

}  // namespace metamori
