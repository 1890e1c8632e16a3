#include "core/archive/libarchive_api.hpp"

#include <clocale>
#include <cstdlib>

namespace metamori {
namespace {

// The interface that the headers describe, all of libarchive 3.
constexpr const char* kLibraryName = "libarchive.so.13";

}  // namespace

Libarchive::Libarchive()
    : library_(kLibraryName, "archives", std::string("install ") + kLibraryName + ": 'apt install libarchive13' on Debian") {
#define METAMORI_LOAD(name) library_.load(#name, name);
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
}

bool Libarchive::is_utf8(const char* text) const {
  return text == nullptr || std::mbstowcs(nullptr, text, 0) != static_cast<std::size_t>(-1);
}

std::string Libarchive::reason(archive* handle) const {
  const char* const text = archive_error_string(handle);
  return text == nullptr ? "no reason given" : text;
}

}  // namespace metamori
