#pragma once

// What the files of the C interface share: handles, texts, errors turned into kinds, structs of other sizes.

#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>
#include <new>

#include "metamori/metamori.h"
#include "metamori/repository.hpp"

struct metamori_repository {
  metamori::Repository repository;
};
struct metamori_stop {
  std::atomic<bool> raised{false};
};

namespace metamori::c_api {

static_assert(std::atomic<bool>::is_always_lock_free);  // or a signal handler could not raise it

/// Fills `field`, which ends with NUL, with as much of `text` as fits.
template <std::size_t Size>
void copy_text(std::string_view text, char (&field)[Size]) noexcept {
  const std::size_t length = text.copy(field, Size - 1);
  std::memset(field + length, 0, Size - length);
}

/// What a caller in C put into an enumeration: any number, and reading one as the enumeration is defined for its own values only.
template <class Enum>
int number_in(const Enum& value) noexcept {
  static_assert(sizeof(Enum) == sizeof(int));
  int number = 0;
  std::memcpy(&number, &value, sizeof number);
  return number;
}

metamori_kind kind_of(ErrorKind kind) noexcept;
metamori_kind fill(metamori_error* error, metamori_kind kind, std::string_view message, std::string_view hint) noexcept;

/// Runs `action` and says how it ended.
template <class Action>
metamori_kind guarded(metamori_error* error, Action action) noexcept {
  try {
    action();
    return fill(error, METAMORI_OK, {}, {});
  } catch (const Error& thrown) {
    return fill(error, kind_of(thrown.kind()), thrown.what(), thrown.hint());
  } catch (const std::bad_alloc&) {
    return fill(error, METAMORI_NO_MEMORY, "out of memory", {});
  } catch (const std::exception& thrown) {
    return fill(error, METAMORI_INTERNAL, thrown.what(), {});
  } catch (...) {
    return fill(error, METAMORI_INTERNAL, "unknown exception", {});
  }
}

[[noreturn]] inline void fail_usage(const std::string& why) { throw Error(ErrorKind::usage, why); }

template <class Pointer>
void require(Pointer* pointer, const char* name) {
  if (pointer == nullptr) fail_usage(std::string(name) + " must not be NULL");
}

/// The caller's struct as this library knows it: fields that the caller's header lacked have their defaults.
template <class Options>
Options options_of(const Options* given, Options defaults) {
  if (given == nullptr) return defaults;
  if (given->size < sizeof(std::size_t)) fail_usage("options must begin with their size: use the INIT macro");
  if (given->size > sizeof(Options)) {
    const auto* bytes = reinterpret_cast<const char*>(given);
    if (std::any_of(bytes + sizeof(Options), bytes + given->size, [](char byte) { return byte != 0; }))
      throw Error(ErrorKind::unsupported, "the options ask for something that this version of the library doesn't know");
  }
  std::memcpy(&defaults, given, std::min(given->size, sizeof(Options)));
  return defaults;
}

/// Copies as much of `result` as the caller's struct has room for.
template <class Result>
void give(Result result, Result* out) {
  if (out == nullptr) return;
  const std::size_t size = out->size;
  if (size < sizeof(std::size_t)) fail_usage("results must begin with their size: use the INIT macro");
  result.size = size;
  std::memcpy(out, &result, std::min(size, sizeof(Result)));
}

inline std::vector<std::string> strings(const char* const* texts, std::size_t count) {
  std::vector<std::string> result;
  if (count > 0) require(texts, "a list with elements");
  for (std::size_t i = 0; i < count; ++i) {
    require(texts[i], "a list's element");
    result.emplace_back(texts[i]);
  }
  return result;
}

inline std::string text_or_empty(const char* text) { return text == nullptr ? std::string() : std::string(text); }

/// A checkpoint as C sees it.
metamori_checkpoint_info describe(const CheckpointInfo& from);

/// Passes progress on to the caller's function.
class Callback final : public ProgressSink {
 public:
  explicit Callback(const metamori_control& control) : call_(control.progress), user_(control.progress_user) {}
  void update(const Progress& progress) override {
    if (progress.phase == Phase::wait) return;  // nothing is being done, and there is no field to say so
    call_(user_, progress.bytes_done, progress.bytes_total, progress.files_done, progress.files_total);
  }

 private:
  metamori_progress call_;
  void* user_;
};

/// What the caller said about how the operation is done; `callback` was made of the same and must outlive the operation.
Control control_of(const metamori_control& given, Callback& callback);

/// `given`, or nothing said.
inline metamori_control control_or_none(const metamori_control* given) noexcept {
  return given != nullptr ? *given : metamori_control METAMORI_CONTROL_INIT;
}

/// All that `given` names, held still together; refers to it.
std::unique_ptr<Pause> pause_of(const metamori_pause& given);

}  // namespace metamori::c_api
