#pragma once

// The functions of libarchive that are used, loaded when they are first needed, as those of libgit2 are: linking the library would cost
// every process 2 ms for the dozen libraries behind it, and static linking would bring one compressor of each kind along.
//
// This table is the white list: no filter that runs a program is in it.

#include <archive.h>
#include <archive_entry.h>

#include <string>

#include "base/loaded_library.hpp"

#define METAMORI_LIBARCHIVE_FUNCTIONS(X)   \
  X(archive_entry_acl_add_entry)           \
  X(archive_entry_acl_next)                \
  X(archive_entry_acl_reset)               \
  X(archive_entry_clear)                   \
  X(archive_entry_filetype)                \
  X(archive_entry_free)                    \
  X(archive_entry_gid)                     \
  X(archive_entry_gname)                   \
  X(archive_entry_hardlink)                \
  X(archive_entry_mtime)                   \
  X(archive_entry_mtime_nsec)              \
  X(archive_entry_new)                     \
  X(archive_entry_pathname)                \
  X(archive_entry_perm)                    \
  X(archive_entry_rdevmajor)               \
  X(archive_entry_rdevminor)               \
  X(archive_entry_set_filetype)            \
  X(archive_entry_set_gid)                 \
  X(archive_entry_copy_gname)              \
  X(archive_entry_copy_hardlink)           \
  X(archive_entry_set_mtime)               \
  X(archive_entry_copy_pathname)           \
  X(archive_entry_set_perm)                \
  X(archive_entry_set_rdevmajor)           \
  X(archive_entry_set_rdevminor)           \
  X(archive_entry_set_size)                \
  X(archive_entry_copy_symlink)            \
  X(archive_entry_set_uid)                 \
  X(archive_entry_copy_uname)              \
  X(archive_entry_size)                    \
  X(archive_entry_sparse_add_entry)        \
  X(archive_entry_symlink)                 \
  X(archive_entry_uid)                     \
  X(archive_entry_uname)                   \
  X(archive_entry_xattr_add_entry)         \
  X(archive_entry_xattr_next)              \
  X(archive_entry_xattr_reset)             \
  X(archive_error_string)                  \
  X(archive_read_data_block)               \
  X(archive_read_free)                     \
  X(archive_read_new)                      \
  X(archive_read_next_header)              \
  X(archive_read_open)                     \
  X(archive_read_support_filter_bzip2)     \
  X(archive_read_support_filter_compress)  \
  X(archive_read_support_filter_gzip)      \
  X(archive_read_support_filter_lz4)       \
  X(archive_read_support_filter_lzma)      \
  X(archive_read_support_filter_xz)        \
  X(archive_read_support_filter_zstd)      \
  X(archive_read_support_format_tar)       \
  X(archive_write_add_filter_none)         \
  X(archive_write_close)                   \
  X(archive_write_data)                    \
  X(archive_write_finish_entry)            \
  X(archive_write_free)                    \
  X(archive_write_header)                  \
  X(archive_write_new)                     \
  X(archive_write_open)                    \
  X(archive_write_set_bytes_in_last_block) \
  X(archive_write_set_bytes_per_block)     \
  X(archive_write_set_format_pax)          \
  X(archive_write_set_options)

namespace metamori {

/// libarchive, loaded. Names and texts are bytes to it while the object lives, in the thread that made it.
class Libarchive {
 public:
  /// Throws unsupported if the library is not installed or lacks a function.
  Libarchive();
  ~Libarchive();
  Libarchive(const Libarchive&) = delete;
  Libarchive& operator=(const Libarchive&) = delete;
  /// Whether `text` (null: nothing) is UTF-8. Of names that aren't libarchive warns, and takes them as the bytes that they are.
  [[nodiscard]] bool is_utf8(const char* text) const;
  /// What went wrong with `handle` last.
  [[nodiscard]] std::string reason(archive* handle) const;

#define METAMORI_DECLARE(name) decltype(&::name) name = nullptr;
  METAMORI_LIBARCHIVE_FUNCTIONS(METAMORI_DECLARE)
#undef METAMORI_DECLARE

 private:
  LoadedLibrary library_;
  void* locale_ = nullptr;
  void* locale_before_ = nullptr;
};

}  // namespace metamori
