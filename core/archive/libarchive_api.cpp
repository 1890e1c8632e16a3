#include "core/archive/libarchive_api.hpp"

#include <dlfcn.h>

#include <clocale>
#include <cstdlib>

#include "metamori/error.hpp"

namespace metamori {
namespace {

// The interface that the headers describe, all of libarchive 3.
constexpr const char* kLibraryName = "libarchive.so.13";

[[noreturn]] void throw_not_loaded(const char* what) {
  const char* const reason = ::dlerror();
  throw Error(ErrorKind::unsupported,
              std::string("load ") + what + ", which archives need: " + (reason == nullptr ? "no reason given" : reason),
              std::string("install ") + kLibraryName + ": 'apt install libarchive13' on Debian");
}

template <class Function>
void load(void* library, const char* name, Function& function) {
  void* const address = ::dlsym(library, name);
  if (address == nullptr) throw_not_loaded(name);
  function = reinterpret_cast<Function>(address);
}

}  // namespace

Libarchive::Libarchive() {
  // Never unloaded: libraries behind it keep state of the process.
  library_ = ::dlopen(kLibraryName, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (library_ == nullptr) throw_not_loaded(kLibraryName);
#define METAMORI_LOAD(name) load(library_, #name, name);
  METAMORI_LIBARCHIVE_FUNCTIONS(METAMORI_LOAD)
#undef METAMORI_LOAD
  // It turns the names of pax headers, UTF-8, into those of the locale: in this one nothing is lost. For this thread alone.
  if (const locale_t made = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr); made != nullptr) {
    locale_ = made;
    locale_before_ = ::uselocale(made);
  }
}

Libarchive::~Libarchive() {
  if (locale_ != nullptr) {
    ::uselocale(static_cast<locale_t>(locale_before_));
    ::freelocale(static_cast<locale_t>(locale_));
  }
  ::dlclose(library_);
}

bool Libarchive::is_utf8(const char* text) const {
  return text == nullptr || std::mbstowcs(nullptr, text, 0) != static_cast<std::size_t>(-1);
}

std::string Libarchive::reason(archive* handle) const {
  const char* const text = archive_error_string(handle);
  return text == nullptr ? "no reason given" : text;
}

}  // namespace metamori
