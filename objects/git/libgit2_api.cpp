#include "objects/git/libgit2_api.hpp"

#include <string>

#include "metamori/error.hpp"

namespace metamori {
namespace {

// The name of the very interface that the headers describe: another version's structures may differ.
constexpr const char* kLibraryName = "libgit2.so." LIBGIT2_SOVERSION;

}  // namespace

Libgit2::Libgit2()
    : library_(kLibraryName, "revisions with dates",
               std::string("install ") + kLibraryName + ", or name the checkpoint by its number or id") {
#define METAMORI_LOAD(name) library_.load(#name, name);
  METAMORI_LIBGIT2_FUNCTIONS(METAMORI_LOAD)
#undef METAMORI_LOAD
  if (git_libgit2_init() < 0) throw Error(ErrorKind::unsupported, std::string("start ") + kLibraryName + ": it refused");
}

Libgit2::~Libgit2() { git_libgit2_shutdown(); }

}  // namespace metamori
