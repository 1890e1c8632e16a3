#include "core/entry_type.hpp"

#include <sys/stat.h>

namespace metamori {

std::uint32_t mode_type(EntryType type) noexcept {
  switch (type) {
    case EntryType::file:
      return S_IFREG;
    case EntryType::directory:
      return S_IFDIR;
    case EntryType::symlink:
      return S_IFLNK;
    case EntryType::fifo:
      return S_IFIFO;
    case EntryType::char_device:
      return S_IFCHR;
    case EntryType::block_device:
      return S_IFBLK;
  }
  return 0;
}

bool has_type(const FileStat& stat, EntryType type) noexcept { return (stat.mode & S_IFMT) == mode_type(type); }

std::optional<EntryType> type_of_mode(std::uint32_t mode) noexcept {
  for (const EntryType type :
       {EntryType::file, EntryType::directory, EntryType::symlink, EntryType::fifo, EntryType::char_device, EntryType::block_device})
    if ((mode & S_IFMT) == mode_type(type)) return type;
  return std::nullopt;
}

}  // namespace metamori
