#include "core/archive/tar_reader.hpp"

#include <new>
#include <utility>

#include "metamori/error.hpp"

namespace metamori {
namespace {

constexpr std::size_t kReadBytes = 256U << 10;

}  // namespace

void refuse_import(const std::string& why, std::string path) {
  throw Error(ErrorKind::usage, "import: " + why, "nothing was imported", std::move(path));
}

TarReader::TarReader(const ReadBytes& read) : read_(read), buffer_(kReadBytes) {
  handle_ = api.archive_read_new();
  if (handle_ == nullptr) throw std::bad_alloc();
  try {
    // None of those that run a program to unpack.
    for (const auto support :
         {api.archive_read_support_filter_gzip, api.archive_read_support_filter_bzip2, api.archive_read_support_filter_compress,
          api.archive_read_support_filter_lz4, api.archive_read_support_filter_lzma, api.archive_read_support_filter_xz,
          api.archive_read_support_filter_zstd})
      support(handle_);
    api.archive_read_support_format_tar(handle_);
    check(api.archive_read_open(handle_, this, nullptr, &TarReader::give, nullptr));
  } catch (...) {
    api.archive_read_free(handle_);
    throw;
  }
}

TarReader::~TarReader() { api.archive_read_free(handle_); }

archive_entry* TarReader::next(std::string& warning) {
  archive_entry* entry = nullptr;
  const int result = api.archive_read_next_header(handle_, &entry);
  warning.clear();
  if (thrown_) std::rethrow_exception(thrown_);
  if (result == ARCHIVE_EOF) return nullptr;
  check(result);
  if (result == ARCHIVE_WARN) {
    bool is_text = true;
    for (const char* const name : {api.archive_entry_pathname(entry), api.archive_entry_hardlink(entry), api.archive_entry_symlink(entry),
                                   api.archive_entry_uname(entry), api.archive_entry_gname(entry)})
      is_text = is_text && api.is_utf8(name);
    if (is_text) warning = api.reason(handle_);
  }
  return entry;
}

std::optional<TarReader::Block> TarReader::next_block() {
  const void* data = nullptr;
  std::size_t size = 0;
  la_int64_t offset = 0;
  const int result = api.archive_read_data_block(handle_, &data, &size, &offset);
  if (thrown_) std::rethrow_exception(thrown_);
  if (result == ARCHIVE_EOF) return std::nullopt;
  check(result);
  if (offset < 0) refuse_import("a file's data begins before the file");
  return Block{ByteView(static_cast<const std::byte*>(data), size), static_cast<std::uint64_t>(offset)};
}

/// What the caller's function throws passes by libarchive, which knows no exceptions.
la_ssize_t TarReader::give(archive* /*handle*/, void* self, const void** buffer) {
  TarReader& reader = *static_cast<TarReader*>(self);
  try {
    const std::size_t size = reader.read_(reader.buffer_.data(), reader.buffer_.size());
    reader.bytes_ += size;
    *buffer = reader.buffer_.data();
    return static_cast<la_ssize_t>(size);
  } catch (...) {
    reader.thrown_ = std::current_exception();
    return -1;
  }
}

void TarReader::check(int result) {
  if (thrown_) std::rethrow_exception(thrown_);
  if (result == ARCHIVE_OK || result == ARCHIVE_WARN) return;
  refuse_import(bytes_ == 0 ? "there is no archive: not a byte came"
                            : "the archive is damaged, or none that is known: " + api.reason(handle_));
}

}  // namespace metamori
