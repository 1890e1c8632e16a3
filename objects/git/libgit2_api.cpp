#include "objects/git/libgit2_api.hpp"

#include <dlfcn.h>

#include <string>

#include "metamori/error.hpp"

namespace metamori {
namespace {

// The name of the very interface that the headers describe: another version's structures may differ.
constexpr const char* kLibraryName = "libgit2.so." LIBGIT2_SOVERSION;

[[noreturn]] void throw_not_loaded(const char* what) {
  const char* const reason = ::dlerror();
  throw Error(ErrorKind::unsupported,
              std::string("load ") + what + ", which revisions with dates need: " + (reason == nullptr ? "no reason given" : reason),
              std::string("install ") + kLibraryName + ", or name the checkpoint by its number or id");
}

template <class Function>
void load(void* library, const char* name, Function& function) {
  void* const address = ::dlsym(library, name);
  if (address == nullptr) throw_not_loaded(name);
  function = reinterpret_cast<Function>(address);
}

}  // namespace

Libgit2::Libgit2() {
  // Never unloaded: libraries behind it keep state of the process.
  library_ = ::dlopen(kLibraryName, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (library_ == nullptr) throw_not_loaded(kLibraryName);
#define METAMORI_LOAD(name) load(library_, #name, name);
  METAMORI_LIBGIT2_FUNCTIONS(METAMORI_LOAD)
#undef METAMORI_LOAD
  if (git_libgit2_init() < 0) throw Error(ErrorKind::unsupported, std::string("start ") + kLibraryName + ": it refused");
}

Libgit2::~Libgit2() {
  git_libgit2_shutdown();
  ::dlclose(library_);
}

}  // namespace metamori
