#include "base/loaded_library.hpp"

#include <dlfcn.h>

#include <utility>

#include "metamori/error.hpp"

namespace metamori {

LoadedLibrary::LoadedLibrary(const char* name, const char* purpose, std::string hint)
    : purpose_(purpose), hint_(std::move(hint)), library_(::dlopen(name, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE)) {
  if (library_ == nullptr) fail(name);
}

LoadedLibrary::~LoadedLibrary() { ::dlclose(library_); }

void* LoadedLibrary::find(const char* function) const {
  void* const address = ::dlsym(library_, function);
  if (address == nullptr) fail(function);
  return address;
}

void LoadedLibrary::fail(const char* what) const {
  const char* const reason = ::dlerror();
  throw Error(ErrorKind::unsupported,
              std::string("load ") + what + ", which " + purpose_ + " need: " + (reason == nullptr ? "no reason given" : reason), hint_);
}

}  // namespace metamori
