#pragma once

// The functions of libgit2 that are used, loaded when they are first needed. Linking the library would cost every process 2.5 ms for the 17
// libraries behind it, and starting it 6 to 8 ms more, while most commands never need it.
//
// This table is the white list: nothing else of libgit2 is called. Without a git directory many of its functions would look for their files
// in the current directory, and some would delete them there.

#include <git2.h>
#include <git2/sys/odb_backend.h>
#include <git2/sys/refdb_backend.h>
#include <git2/sys/refs.h>
#include <git2/sys/repository.h>

#include "base/loaded_library.hpp"

#define METAMORI_LIBGIT2_FUNCTIONS(X) \
  X(git_config_free)                  \
  X(git_config_new)                   \
  X(git_error_last)                   \
  X(git_error_set_str)                \
  X(git_index_free)                   \
  X(git_index_new)                    \
  X(git_libgit2_init)                 \
  X(git_libgit2_shutdown)             \
  X(git_object_free)                  \
  X(git_object_id)                    \
  X(git_odb_add_backend)              \
  X(git_odb_backend_data_alloc)       \
  X(git_odb_free)                     \
  X(git_odb_init_backend)             \
  X(git_odb_new)                      \
  X(git_refdb_free)                   \
  X(git_refdb_init_backend)           \
  X(git_refdb_new)                    \
  X(git_refdb_set_backend)            \
  X(git_reference__alloc)             \
  X(git_reflog_append)                \
  X(git_reflog_entry_byindex)         \
  X(git_reflog_entry_id_new)          \
  X(git_reflog_entrycount)            \
  X(git_repository_free)              \
  X(git_repository_new)               \
  X(git_repository_set_config)        \
  X(git_repository_set_index)         \
  X(git_repository_set_odb)           \
  X(git_repository_set_refdb)         \
  X(git_revparse_single)

namespace metamori {

/// libgit2, loaded and initialised for as long as this object lives.
class Libgit2 {
 public:
  /// Throws unsupported if the library is not installed or lacks a function.
  Libgit2();
  ~Libgit2();
  Libgit2(const Libgit2&) = delete;
  Libgit2& operator=(const Libgit2&) = delete;

#define METAMORI_DECLARE(name) decltype(&::name) name = nullptr;
  METAMORI_LIBGIT2_FUNCTIONS(METAMORI_DECLARE)
#undef METAMORI_DECLARE

 private:
  LoadedLibrary library_;
};

}  // namespace metamori
