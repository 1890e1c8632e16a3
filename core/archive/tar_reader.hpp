#pragma once

#include <exception>
#include <functional>
#include <optional>
#include <string>

#include "core/archive/libarchive_api.hpp"
#include "metamori/types.hpp"

namespace metamori {

/// Fills the buffer and tells how many bytes came; 0 at the end.
using ReadBytes = std::function<std::size_t(std::byte* buffer, std::size_t size)>;

/// Throws usage: an archive can't be taken.
[[noreturn]] void refuse_import(const std::string& why, std::string path = {});

/// An archive, entry by entry. What is wrong with it is thrown as usage; what `read` throws is passed on.
class TarReader {
 public:
  /// `read` must outlive it.
  explicit TarReader(const ReadBytes& read);
  TarReader(const TarReader&) = delete;
  TarReader& operator=(const TarReader&) = delete;
  ~TarReader();
  /// The next entry, valid until the next call; null at the end. `warning` is set to what libarchive has to say of it, but for names that
  /// are no UTF-8: these are taken as they are.
  archive_entry* next(std::string& warning);
  struct Block {
    ByteView bytes;
    std::uint64_t offset = 0;
  };
  /// The next stretch of the entry's data, valid until the next call.
  std::optional<Block> next_block();

  Libarchive api;

 private:
  static la_ssize_t give(archive* handle, void* self, const void** buffer);
  void check(int result);

  const ReadBytes& read_;
  Bytes buffer_;
  archive* handle_ = nullptr;
  std::exception_ptr thrown_;
  std::uint64_t bytes_ = 0;
};

}  // namespace metamori
