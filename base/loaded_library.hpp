#pragma once

// A shared library that is loaded when it is first needed, by the name of the very interface that the headers describe.

#include <string>

namespace metamori {

/// Never unloaded once it was there, because libraries behind it may keep state of the process.
class LoadedLibrary {
 public:
  /// `name` as the loader knows it, `purpose` what needs it, for messages. Throws unsupported, with `hint`, if it can't be loaded.
  LoadedLibrary(const char* name, const char* purpose, std::string hint);
  ~LoadedLibrary();
  LoadedLibrary(const LoadedLibrary&) = delete;
  LoadedLibrary& operator=(const LoadedLibrary&) = delete;
  /// Puts the address of a function, of which the header told the type, into `function`. Throws unsupported if there is none.
  template <class Function>
  void load(const char* name, Function& function) const {
    function = reinterpret_cast<Function>(find(name));
  }

 private:
  [[nodiscard]] void* find(const char* function) const;
  [[noreturn]] void fail(const char* what) const;

  const char* purpose_;
  std::string hint_;
  void* library_;
};

}  // namespace metamori
